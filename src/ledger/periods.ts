import {
  formatInstant,
  MICROS_PER_MINUTE,
  requireInstant,
  type EpochMicros,
  type InstantText,
} from '../domain/instant.ts';
import { type BillingCalendar, type Period, periodAfter, periodAt } from '../domain/period.ts';
import { committedCalendar } from './calendar-changes.ts';
import { instantSql, integerColumn, microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import { lockGate } from './gate.ts';
import { type JournalPosition, safeInteger } from './journal-position.ts';
import { ensureEventPartitions } from './partitions.ts';

/** How far ahead of the clock an event may lie (`too_early` beyond it), and so how far ahead its period must exist. */
const AHEAD_MICROS = 5 * MICROS_PER_MINUTE;

/** Bound of one call: a week of minute periods. A calendar that needs more is extended by further calls. */
export const PERIODS_PER_CALL_MAX = 10_080;

/** Bound of one read. */
export const PERIODS_READ_MAX = 10_080;

/** What a call of `ensurePeriods` did. */
export interface PeriodsMade {
  readonly made: number;
  /** Where the tenant's periods now end; `null` while there is none. */
  readonly throughMicros: EpochMicros | null;
  /** False when the bound of one call was met: call again. */
  readonly complete: boolean;
}

/**
 * Makes a tenant's periods ahead of the events that need them: through `untilMicros` (now) + 5 minutes + one whole period,
 * together with the partitions for their events. Idempotent, and safe from several processes at once. A period that exists is
 * never changed: the next one begins where it ends, even if the zone's rules have changed since. Where the tenant ends, and how its
 * calendar changes, is read anew under the lock of its gate: what is in memory may be older than the last apply or command.
 */
export async function ensurePeriods(
  client: Queryable,
  tenant: string,
  calendar: BillingCalendar,
  untilMicros: EpochMicros,
): Promise<PeriodsMade> {
  const targetMicros = untilMicros + AHEAD_MICROS;
  const made = await lastPeriod(client, tenant);
  if (made !== undefined && made.startMicros > targetMicros) {
    return { made: 0, throughMicros: made.endMicros, complete: true };
  }
  // Whoever changes the calendar, and replaces periods with it, holds the gate.
  await lockGate(client, tenant);
  const last = await lastPeriod(client, tenant);
  const committed = await committedCalendar(client, tenant, calendar);
  const { periods, complete } = missingPeriods(committed, last, targetMicros);
  const first = periods[0];
  const final = periods.at(-1);
  if (first === undefined || final === undefined) {
    return { made: 0, throughMicros: last?.endMicros ?? null, complete };
  }
  await ensureEventPartitions(client, first.startMicros, final.endMicros);
  const { rowCount } = await client.query(
    `
insert into billing_period (tenant, period_start, period_end, ordinal)
select $1::text, ${instantSql('period_start')}, ${instantSql('period_end')}, ordinal
from unnest($2::bigint[], $3::bigint[], $4::integer[]) as row (period_start, period_end, ordinal)
order by ordinal
on conflict do nothing`,
    [
      tenant,
      integerColumn(periods.map((period) => period.startMicros)),
      integerColumn(periods.map((period) => period.endMicros)),
      integerColumn(periods.map((period) => period.ordinal)),
    ],
  );
  return { made: rowCount ?? 0, throughMicros: final.endMicros, complete };
}

/** Periods after `last` until one begins after the target: that one is the whole period ahead. */
function missingPeriods(
  calendar: BillingCalendar,
  last: Period | undefined,
  targetMicros: EpochMicros,
): { periods: Period[]; complete: boolean } {
  const periods: Period[] = [];
  let previous = last;
  while (previous === undefined || previous.startMicros <= targetMicros) {
    if (periods.length === PERIODS_PER_CALL_MAX) return { periods, complete: false };
    const next = nextPeriod(calendar, previous);
    if (next === undefined) break;
    periods.push(next);
    previous = next;
  }
  return { periods, complete: true };
}

function nextPeriod(calendar: BillingCalendar, previous: Period | undefined): Period | undefined {
  if (previous === undefined) return periodAt(calendar, requireInstant(calendar.anchor));
  const next = periodAfter(calendar, previous);
  if (next === undefined) return undefined;
  return { startMicros: previous.endMicros, endMicros: next.endMicros, ordinal: previous.ordinal + 1 };
}

/** A period as the ledger keeps it. */
export interface LedgerPeriod extends Period {
  /** Set when the period takes no more events: from this gate version on. */
  readonly sealedGateVersion: number | null;
  /** Every event of the period has a position at or below it. `null` until the gate in Redis has moved. */
  readonly sealFence: JournalPosition | null;
}

interface PeriodRow {
  readonly period_start: string;
  readonly period_end: string;
  readonly ordinal: number;
  readonly sealed_gate_version: string | null;
  readonly sealed_epoch: string | null;
  readonly sealed_sequence: string | null;
}

const PERIOD_COLUMNS = `${microsSql('period_start')} as period_start, ${microsSql('period_end')} as period_end, ordinal,
  sealed_gate_version, sealed_epoch, sealed_sequence`;

/**
 * Reads a tenant's periods in order, at most `PERIODS_READ_MAX`.
 *
 * @param from reads only periods that end after this instant
 */
export async function readPeriods(
  db: Queryable,
  tenant: string,
  { from }: { from?: EpochMicros } = {},
): Promise<readonly LedgerPeriod[]> {
  const { rows } = await db.query<PeriodRow>(
    `
select ${PERIOD_COLUMNS}
from billing_period
where tenant = $1::text and ($2::timestamptz is null or period_end > $2::timestamptz)
order by period_start
limit ${PERIODS_READ_MAX}`,
    [tenant, from === undefined ? null : formatInstant(from)],
  );
  return rows.map(ledgerPeriod);
}

/** Reads the period that starts at an instant; `undefined` when there is none. */
export async function readPeriod(
  db: Queryable,
  tenant: string,
  periodStart: EpochMicros,
): Promise<LedgerPeriod | undefined> {
  const { rows } = await db.query<PeriodRow>(
    `select ${PERIOD_COLUMNS} from billing_period where tenant = $1::text and period_start = $2::timestamptz`,
    [tenant, formatInstant(periodStart)],
  );
  return rows[0] === undefined ? undefined : ledgerPeriod(rows[0]);
}

/** The periods that instants fall into, in order, each once; of more than `limit` the newest. */
export async function periodsOf(
  db: Queryable,
  tenant: string,
  instants: readonly InstantText[],
  limit: number,
): Promise<readonly LedgerPeriod[]> {
  const { rows } = await db.query<PeriodRow>(
    `
select ${PERIOD_COLUMNS}
from billing_period period
where tenant = $1::text
  and exists (select from unnest($2::timestamptz[]) as one (at) where one.at >= period.period_start and one.at < period.period_end)
order by period.period_start desc
limit $3::integer`,
    [tenant, instants, limit],
  );
  return rows.map(ledgerPeriod).toReversed();
}

/** Where the periods of tenants end; a tenant that has none is left out. */
export async function periodsThrough(
  db: Queryable,
  tenants: readonly string[],
): Promise<ReadonlyMap<string, EpochMicros>> {
  const { rows } = await db.query<{ tenant: string; through: string }>(
    `
select one.tenant, ${microsSql('last.period_end')} as through
from unnest($1::text[]) as one (tenant)
cross join lateral (
  select period.period_end from billing_period period where period.tenant = one.tenant order by period.period_start desc limit 1
) as last`,
    [tenants],
  );
  return new Map(rows.map(({ tenant, through }) => [tenant, readMicros(through)]));
}

async function lastPeriod(db: Queryable, tenant: string): Promise<Period | undefined> {
  const { rows } = await db.query<PeriodRow>(
    `select ${PERIOD_COLUMNS} from billing_period where tenant = $1::text order by period_start desc limit 1`,
    [tenant],
  );
  return rows[0] === undefined ? undefined : ledgerPeriod(rows[0]);
}

function ledgerPeriod(row: PeriodRow): LedgerPeriod {
  const { sealed_epoch: epoch, sealed_sequence: sequence } = row;
  return {
    startMicros: readMicros(row.period_start),
    endMicros: readMicros(row.period_end),
    ordinal: row.ordinal,
    sealedGateVersion: row.sealed_gate_version === null ? null : safeInteger(row.sealed_gate_version),
    sealFence:
      epoch === null || sequence === null ? null : { epoch: safeInteger(epoch), sequence: safeInteger(sequence) },
  };
}
