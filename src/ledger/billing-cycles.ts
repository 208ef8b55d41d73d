import type { CycleStage } from '../domain/cycle.ts';
import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';

/** Names one cycle: a tenant's period, and which attempt at its invoice. */
export interface CycleKey {
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly revision: number;
}

/** Writes down that a cycle was started. The first call stays; a repeat changes nothing. */
export async function openCycle(
  client: Queryable,
  cycle: CycleKey & { readonly workflowId: string },
  at: EpochMicros,
): Promise<void> {
  await client.query(
    `
insert into billing_cycle (tenant, period_start, revision, stage, workflow_id, updated_at)
values ($1::text, $2::timestamptz, $3::integer, 'closing', $4::text, $5::timestamptz)
on conflict do nothing`,
    [cycle.tenant, cycle.periodStart, cycle.revision, cycle.workflowId, formatInstant(at)],
  );
}

/** In the order in which a cycle passes them. */
const STAGES: readonly CycleStage[] = [
  'closing',
  'sealing',
  'reconciling',
  'rating',
  'held',
  'issuing',
  'issued',
  'synced',
  'settled',
];

/**
 * Moves a cycle on to a stage, in the transaction of the step that brought it there. It never goes back: a step is repeated
 * when a workflow continues as new, and by a worker that was given up and wakes late.
 */
export async function moveCycle(client: Queryable, cycle: CycleKey, stage: CycleStage, at: EpochMicros): Promise<void> {
  await client.query(
    `
update billing_cycle
set stage = $4::text, updated_at = $5::timestamptz
where tenant = $1::text and period_start = $2::timestamptz and revision = $3::integer
  and array_position($6::text[], stage) <= array_position($6::text[], $4::text)`,
    [cycle.tenant, cycle.periodStart, cycle.revision, stage, formatInstant(at), STAGES],
  );
}

/** Locks a cycle until the transaction ends: attempts at one of its steps that run side by side wait for each other. */
export async function lockCycle(client: Queryable, cycle: CycleKey): Promise<void> {
  await client.query(
    `
select from billing_cycle
where tenant = $1::text and period_start = $2::timestamptz and revision = $3::integer
for update`,
    [cycle.tenant, cycle.periodStart, cycle.revision],
  );
}

/** The stage of a cycle; `undefined` when it was never started. */
export async function readCycleStage(db: Queryable, cycle: CycleKey): Promise<CycleStage | undefined> {
  const { rows } = await db.query<{ stage: CycleStage }>(
    `
select stage from billing_cycle
where tenant = $1::text and period_start = $2::timestamptz and revision = $3::integer`,
    [cycle.tenant, cycle.periodStart, cycle.revision],
  );
  return rows[0]?.stage;
}

/** Whether any attempt at a cycle is still at work, or held: what it bills, and whether it does, is not known. */
export async function isCycleUndecided(db: Queryable, cycle: Omit<CycleKey, 'revision'>): Promise<boolean> {
  const { rowCount } = await db.query(
    `
select 1 from billing_cycle
where tenant = $1::text and period_start = $2::timestamptz and stage not in ('issued', 'synced', 'settled')
limit 1`,
    [cycle.tenant, cycle.periodStart],
  );
  return rowCount === 1;
}

/** Whether a cycle of a period was ever started: before that nobody knows what its bill will have. */
export async function isCycleStarted(db: Queryable, cycle: Omit<CycleKey, 'revision'>): Promise<boolean> {
  const { rowCount } = await db.query(
    'select 1 from billing_cycle where tenant = $1::text and period_start = $2::timestamptz limit 1',
    [cycle.tenant, cycle.periodStart],
  );
  return rowCount === 1;
}

/** The start of a tenant's last period for which a cycle was started; `undefined` before the first. */
export async function lastCycleStart(db: Queryable, tenant: string): Promise<EpochMicros | undefined> {
  const { rows } = await db.query<{ started: string | null }>(
    `select ${microsSql('max(period_start)')} as started from billing_cycle where tenant = $1::text and revision = 0`,
    [tenant],
  );
  const started = rows[0]?.started ?? null;
  return started === null ? undefined : readMicros(started);
}

/**
 * The newest earlier cycle of the tenant that is still at work although its late window is over; `undefined` when there is
 * none. While there is one, a backlog grows and the next cycle should wait. A held one bars nobody: it waits for a person.
 */
export async function busyCycleBefore(
  db: Queryable,
  { tenant, periodStart, now }: { tenant: string; periodStart: InstantText; now: EpochMicros },
): Promise<InstantText | undefined> {
  const { rows } = await db.query<{ period_start: string }>(
    `
select ${microsSql('cycle.period_start')} as period_start
from billing_cycle cycle
join billing_period period using (tenant, period_start)
join tenant on tenant.id = cycle.tenant
where cycle.tenant = $1::text and cycle.revision = 0 and cycle.period_start < $2::timestamptz
  and cycle.stage in ('closing', 'sealing', 'reconciling', 'rating', 'issuing')
  and period.period_end + tenant.late_window_seconds * interval '1 second' < $3::timestamptz
order by cycle.period_start desc
limit 1`,
    [tenant, periodStart, formatInstant(now)],
  );
  return rows[0] === undefined ? undefined : formatInstant(readMicros(rows[0].period_start));
}

/** Bound of one look for cycles that nobody works at. */
const STALLED_READ_MAX = 100;

/** Cycles that should have moved since an instant and did not: their workflow may never have been started. */
export async function stalledCycles(db: Queryable, since: EpochMicros): Promise<readonly CycleKey[]> {
  const { rows } = await db.query<{ tenant: string; period_start: string; revision: number }>(
    `
select cycle.tenant, ${microsSql('cycle.period_start')} as period_start, cycle.revision
from billing_cycle cycle
join billing_period period using (tenant, period_start)
join tenant on tenant.id = cycle.tenant
where cycle.stage in ('closing', 'sealing', 'reconciling', 'rating', 'issuing') and cycle.updated_at < $1::timestamptz
  and period.period_end + tenant.late_window_seconds * interval '1 second' < $1::timestamptz and not tenant.paused
order by cycle.updated_at
limit ${STALLED_READ_MAX}`,
    [formatInstant(since)],
  );
  return rows.map((row) => ({
    tenant: row.tenant,
    periodStart: formatInstant(readMicros(row.period_start)),
    revision: row.revision,
  }));
}

/** Bound of one look for tenants to be billed. */
const TENANTS_READ_MAX = 1_000;

/**
 * Tenants whose billing is not over, in order of their ids: those whose last period has no cycle yet. Ask again with the last
 * id of a full page.
 */
export async function billedTenants(
  db: Queryable,
  after: string,
): Promise<{ readonly tenants: readonly string[]; readonly isLast: boolean }> {
  const { rows } = await db.query<{ id: string }>(
    `
select id from tenant
where id > $1::text and not exists (
  select from billing_period period
  join billing_cycle cycle using (tenant, period_start)
  where period.tenant = tenant.id and period.period_end = tenant.ends_at and cycle.revision = 0
)
order by id
limit ${TENANTS_READ_MAX}`,
    [after],
  );
  return { tenants: rows.map(({ id }) => id), isLast: rows.length < TENANTS_READ_MAX };
}

/** Bound of one look for tenants whose billing is behind. */
const OVERDUE_READ_MAX = 100;

/** Tenants that are not paused and have a period that was over at an instant, but no cycle for it. */
export async function overdueTenants(db: Queryable, since: EpochMicros): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(
    `
select tenant.id
from tenant
cross join lateral (
  select period_end from billing_period
  where billing_period.tenant = tenant.id and billing_period.period_start > coalesce((
    select max(started.period_start) from billing_cycle started where started.tenant = tenant.id and started.revision = 0
  ), '-infinity')
  order by period_start
  limit 1
) open_period
where not tenant.paused and open_period.period_end < $1::timestamptz
order by open_period.period_end
limit ${OVERDUE_READ_MAX}`,
    [formatInstant(since)],
  );
  return rows.map(({ id }) => id);
}
