import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Aggregation } from '../domain/meter.ts';
import { instantSql, integerColumn, microsSql, readMicros } from './columns.ts';
import { READ_EVENTS } from './count-back.ts';
import type { Queryable } from './database.ts';
import type { RollupTable } from './usage-sum.ts';

/** One accounting period of one tenant that still counts. */
export interface LivePeriod {
  readonly tenant: string;
  readonly accountingMicros: EpochMicros;
}

/** Tenants in order of id, for an audit that goes page by page. */
export async function pageOfTenants(
  db: Queryable,
  page: { readonly after: string; readonly limit: number },
): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(
    'select id from tenant where id > $1::text order by id limit $2::integer',
    [page.after, page.limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * The periods of these tenants whose counters are in use: those that take events (not sealed, begun before `untilMicros`) and
 * those that are sealed and whose cycle is still at work.
 */
export async function livePeriods(
  db: Queryable,
  tenants: readonly string[],
  untilMicros: EpochMicros,
): Promise<readonly LivePeriod[]> {
  const { rows } = await db.query<{ tenant: string; accounting: string }>(
    `
select period.tenant, ${microsSql('period.period_start')} as accounting
from billing_period period
where period.tenant = any($1::text[]) and period.period_start < $2::timestamptz and (
  period.sealed_gate_version is null or exists (
    select from billing_cycle cycle
    where cycle.tenant = period.tenant and cycle.period_start = period.period_start
      and cycle.stage in ('sealing', 'reconciling', 'rating', 'held')
  )
)
order by period.tenant, period.period_start`,
    [tenants, formatInstant(untilMicros)],
  );
  return rows.map(({ tenant, accounting }) => ({ tenant, accountingMicros: readMicros(accounting) }));
}

/** What one meter counted in one usage period of one live period, before the aggregation has chosen. Plain decimals. */
export interface AuditSum extends LivePeriod {
  readonly usageMicros: EpochMicros;
  readonly meter: string;
  readonly eventCount: string;
  readonly sum: string;
  /** `null` where the values are no numbers. */
  readonly max: string | null;
  readonly last: string | null;
  readonly lastAtMicros: EpochMicros | null;
  /** Distinct values of a `unique` meter. */
  readonly distinct: string;
}

interface SumRow {
  readonly tenant: string;
  readonly accounting: string;
  readonly usage: string;
  readonly meter: string;
  readonly event_count: string;
  readonly sum: string;
  readonly max: string | null;
  readonly last: string | null;
  readonly last_at: string | null;
  readonly distinct_count: string;
}

const PLACES = `unnest($1::text[], $2::bigint[]) as place (tenant, accounting)`;

const rollupSumsSql = (table: RollupTable): string => `
with counted as (
  select place.tenant, place.accounting, rollup.usage_period, rollup.meter, sum(event_count)::text as event_count,
    trim_scale(sum(quantity_sum))::text as sum, trim_scale(max(quantity_max))::text as max,
    trim_scale((array_agg(last_value order by last_at desc nulls last, last_epoch desc, last_sequence desc))[1])::text as last,
    ${microsSql('max(last_at)')} as last_at
  from ${PLACES}
  join ${table} rollup on rollup.tenant = place.tenant and rollup.accounting_period = ${instantSql('place.accounting')}
  group by place.tenant, place.accounting, rollup.usage_period, rollup.meter
), seen as (
  select place.tenant, place.accounting, value.usage_period, value.meter, count(distinct value_digest) as distinct_count
  from ${PLACES}
  join usage_unique value on value.tenant = place.tenant and value.accounting_period = ${instantSql('place.accounting')}
  group by place.tenant, place.accounting, value.usage_period, value.meter
)
select tenant, accounting, ${microsSql('usage_period')} as usage, meter, coalesce(event_count, '0') as event_count,
  coalesce(sum, '0') as sum, max, last, last_at, coalesce(distinct_count, 0)::text as distinct_count
from counted full join seen using (tenant, accounting, usage_period, meter)`;

/** The sums of either rollups, all usage periods and meters of these periods. */
export async function rollupSums(
  db: Queryable,
  periods: readonly LivePeriod[],
  table: RollupTable,
): Promise<readonly AuditSum[]> {
  const { rows } = await db.query<SumRow>(rollupSumsSql(table), placeColumns(periods));
  return rows.map(auditSum);
}

/**
 * Events of a period are older than its end, and not older than their tenant's billing start: the bounds keep the scan to the
 * partitions in between. One scan answers for all periods, because no index leads to the events of one tenant; lists and no join,
 * because the planner hashes a list and would hash the events of a join.
 */
const READINGS = `
  from ${READ_EVENTS} event
  cross join lateral jsonb_each(event.readings) as reading (meter, content)
  cross join lateral (
    select case when jsonb_typeof(reading.content) = 'array' then reading.content ->> 0 else reading.content #>> '{}' end
  ) as text (value)
  left join kind on kind.key = reading.meter
  where event.tenant = any($1::text[]) and event.accounting_period = any($2::timestamptz[])
    and event.occurred_at >= $3::timestamptz and event.occurred_at < $4::timestamptz`;

const KINDS = `
with kind as materialized (
  select distinct on (key) key, definition ->> 'aggregation' as aggregation from meter order by key, version desc
)`;

const RAW_KEY = `tenant, ${microsSql('accounting_period')} as accounting, ${microsSql('usage_period')} as usage, meter`;

/** Distinct values apart: with them in one statement everything would be sorted first. */
const RAW_SUMS = `${KINDS}
select ${RAW_KEY}, count(*)::text as event_count,
  trim_scale(coalesce(sum(number), 0))::text as sum, trim_scale(max(number))::text as max,
  trim_scale((max(array[extract(epoch from occurred_at), epoch, sequence, number])
    filter (where aggregation = 'latest'))[4])::text as last,
  ${microsSql('max(occurred_at)')} as last_at, '0' as distinct_count
from (
  select event.tenant, event.accounting_period, event.usage_period, event.occurred_at, event.epoch, event.sequence, reading.meter,
    kind.aggregation, case when kind.aggregation = 'unique' then null else text.value::numeric end as number
  ${READINGS}
) value
group by tenant, accounting_period, usage_period, meter`;

const RAW_DISTINCT = `${KINDS}
select ${RAW_KEY}, count(*)::text as distinct_count
from (
  select distinct event.tenant, event.accounting_period, event.usage_period, reading.meter, text.value
  ${READINGS} and kind.aggregation = 'unique'
) value
group by tenant, accounting_period, usage_period, meter`;

/** The same sums from the rows of the events themselves. Reads every partition the periods may have events in. */
export async function rawSums(db: Queryable, periods: readonly LivePeriod[]): Promise<readonly AuditSum[]> {
  const [tenants, starts] = placeColumns(periods);
  const { rows: bounds } = await db.query<{ first: string | null; end: string | null }>(
    `
select ${microsSql('min(tenant.billing_start)')} as first, ${microsSql('max(period.period_end)')} as end
from ${PLACES}
join tenant on tenant.id = place.tenant
join billing_period period on period.tenant = place.tenant and period.period_start = ${instantSql('place.accounting')}`,
    [tenants, starts],
  );
  const { first = null, end = null } = bounds[0] ?? {};
  if (first === null || end === null) return [];
  const values = [
    [...new Set(tenants)],
    [...new Set(periods.map(({ accountingMicros }) => formatInstant(accountingMicros)))],
    formatInstant(readMicros(first)),
    formatInstant(readMicros(end)),
  ];
  const { rows } = await db.query<SumRow>(RAW_SUMS, values);
  const distinct = await rawDistinct(db, values);
  const sums = rows.map((row) => auditSum({ ...row, distinct_count: distinct.get(rowKey(row)) ?? '0' }));
  // A start of one tenant's open period may be that of another one's, which is billed already.
  const wanted = new Set(periods.map(periodKey));
  return sums.filter((sum) => wanted.has(periodKey(sum)));
}

type RowKey = Pick<SumRow, 'tenant' | 'accounting' | 'usage' | 'meter'>;

function periodKey({ tenant, accountingMicros }: LivePeriod): string {
  return `${tenant}/${accountingMicros}`;
}

function rowKey({ tenant, accounting, usage, meter }: RowKey): string {
  return `${tenant}/${accounting}/${usage}/${meter}`;
}

/** Numbers of distinct values, where any meter counts them. */
async function rawDistinct(db: Queryable, values: readonly unknown[]): Promise<ReadonlyMap<string, string>> {
  const { rowCount } = await db.query(`select from meter where definition ->> 'aggregation' = 'unique' limit 1`);
  if (rowCount === 0) return new Map();
  const { rows } = await db.query<RowKey & Pick<SumRow, 'distinct_count'>>(RAW_DISTINCT, [...values]);
  return new Map(rows.map((row) => [rowKey(row), row.distinct_count]));
}

function placeColumns(periods: readonly LivePeriod[]): [string[], string] {
  return [periods.map(({ tenant }) => tenant), integerColumn(periods.map(({ accountingMicros }) => accountingMicros))];
}

function auditSum(row: SumRow): AuditSum {
  return {
    tenant: row.tenant,
    accountingMicros: readMicros(row.accounting),
    usageMicros: readMicros(row.usage),
    meter: row.meter,
    eventCount: row.event_count,
    sum: row.sum,
    max: row.max,
    last: row.last,
    lastAtMicros: row.last_at === null ? null : readMicros(row.last_at),
    distinct: row.distinct_count,
  };
}

/** How the newest version of each meter counts. */
export interface AuditMeter {
  readonly aggregation: Aggregation;
  readonly scale: number;
}

/** Every meter the ledger knows. */
export async function auditMeters(db: Queryable): Promise<ReadonlyMap<string, AuditMeter>> {
  const { rows } = await db.query<AuditMeter & { key: string }>(`
select distinct on (key) key, definition ->> 'aggregation' as aggregation, (definition ->> 'scale')::integer as scale
from meter
order by key, version desc`);
  return new Map(rows.map(({ key, aggregation, scale }) => [key, { aggregation, scale }]));
}
