import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';

/** The first combination of dimensions of a meter `one.meter`, in order. @param after a condition that leaves out earlier ones */
function firstDimensionsSql(after = ''): string {
  return `
    select daily.dimensions from usage_daily daily
    where daily.tenant = $1::text and daily.meter = one.meter and daily.last_epoch is not null ${after}
    order by daily.dimensions limit 1`;
}

/**
 * The gauges of some meters of the tenant $1, as the recursive table `gauge`: each combination of values of dimensions is one of its own.
 * It takes one step of the index for each of them, whatever they showed before.
 *
 * @param meters a query of one column, the keys of the meters
 */
export function gaugesSql(meters: string): string {
  return `gauge (meter, dimensions) as (
  select one.meter, found.dimensions
  from (${meters}) as one (meter) cross join lateral (${firstDimensionsSql()}) as found
  union all
  select one.meter, found.dimensions
  from gauge as one cross join lateral (${firstDimensionsSql('and daily.dimensions > one.dimensions')}) as found
)`;
}

/**
 * What a gauge last showed in the periods before an instant, as booked to accounting periods that a condition takes: at most one row
 * `(last_value, last_epoch, last_sequence)`, found from the newest day on.
 *
 * @param at an expression of `timestamptz`, the start of a period
 * @param isBooked a condition on `daily.accounting_period`
 */
export function lastShownSql(at: string, isBooked: string): string {
  return `
    select daily.last_value, daily.last_epoch, daily.last_sequence from usage_daily daily
    where daily.tenant = $1::text and daily.meter = gauge.meter and daily.dimensions = gauge.dimensions
      and daily.last_epoch is not null and daily.day <= ${at} and daily.usage_period < ${at} and ${isBooked}
    order by daily.day desc, daily.last_at desc, daily.last_epoch desc, daily.last_sequence desc limit 1`;
}

/** Which periods may begin with other values than they were billed with. */
export interface OpeningsSearch {
  readonly tenant: string;
  /** Keys of meters that are gauges. */
  readonly meters: readonly string[];
  /** Start of the earliest period to which something came late. */
  readonly afterMicros: EpochMicros;
  /** Start of the accounting period that took it. */
  readonly accountingPeriodMicros: EpochMicros;
  /** How many to find at most. */
  readonly limit: number;
}

const CHANGED_OPENINGS = `
with recursive ${gaugesSql('select unnest($2::text[])')}
select ${microsSql('period_start')} as start
from billing_period
where tenant = $1::text and period_start > $3::timestamptz and period_start < $4::timestamptz and exists (
  select from gauge
  left join lateral (${lastShownSql('period_start', 'daily.accounting_period < $4::timestamptz')}) as billed on true
  left join lateral (${lastShownSql('period_start', 'daily.accounting_period <= $4::timestamptz')}) as known on true
  where known.last_value is distinct from billed.last_value
)
order by period_start
limit $5::integer`;

/**
 * Starts of the periods between a late event's own and the one that took it, as which begin a gauge shows another value than before that
 * event was known: it goes on with what it showed until an event sets it. In order of time.
 */
export async function periodsWithChangedOpenings(
  db: Queryable,
  { tenant, meters, afterMicros, accountingPeriodMicros, limit }: OpeningsSearch,
): Promise<readonly EpochMicros[]> {
  if (meters.length === 0) return [];
  const { rows } = await db.query<{ start: string }>(CHANGED_OPENINGS, [
    tenant,
    meters,
    formatInstant(afterMicros),
    formatInstant(accountingPeriodMicros),
    limit,
  ]);
  return rows.map(({ start }) => readMicros(start));
}
