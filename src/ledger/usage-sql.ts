import type { JsonValue } from '../domain/event.ts';
import { microsSql } from './columns.ts';
import { cutHoursSql, ROLLUP_FIGURES, spanParameters } from './rollup-span.ts';
import { METER_AGGREGATION, type UsageSumRow } from './usage-sum.ts';

/**
 * The statements of `readUsage`. Their parameters: the tenant, the meters or null, the zone, the most rows, the dimension or null, and
 * those of `spanValues`.
 */

/** What a statement reads, and how it cuts it. */
export interface UsageShape {
  readonly by: 'hour' | 'day' | 'month';
  /** Whether hours of days are read that the span cuts. */
  readonly cutsDays: boolean;
  readonly byValue: boolean;
}

/** In `usage_period` the start of the bucket: an instant; of a month its first midnight on the wall, as if that were of UTC. */
export interface UsageRow extends UsageSumRow {
  readonly value?: JsonValue;
}

/** The statement, prepared: rollups have no partitions, so one plan serves for all instants. */
export function usageStatement(shape: UsageShape): { readonly name: string; readonly text: string } {
  const { by, cutsDays, byValue } = shape;
  const name = `read_usage_by_${by}${cutsDays && by !== 'hour' ? '_cut' : ''}${byValue ? '_and_value' : ''}`;
  return { name, text: usageSql(shape) };
}

const SPAN = spanParameters(6);

/** How the parts of a bucket are named. The wall time of a month is cut here, and found on the clock by the reader. */
const BUCKETS: Readonly<Record<UsageShape['by'], (startsAt: string) => string>> = {
  hour: (startsAt) => startsAt,
  day: (startsAt) => startsAt,
  month: (startsAt) => `date_trunc('month', ${startsAt} at time zone $3::text) at time zone 'UTC'`,
};

/**
 * One pass over the rollups. The last value is looked for only where a meter wants it. A distinct value belongs to the bucket of the
 * rollup that its first event is in: the last one that does not begin behind it.
 */
function usageSql({ by, cutsDays, byValue }: UsageShape): string {
  const value = byValue ? ', value' : '';
  const valueOf = byValue ? `, coalesce(dimensions -> $5::text, 'null'::jsonb) as value` : '';
  const bucketOf = BUCKETS[by];
  return `
with ${SPAN.typed}, asked as (select $3::text, $5::text), rolled as (${rolledSql(by, cutsDays)}
), latest_meter as materialized (
  select distinct key as meter from meter where definition ->> 'aggregation' = 'latest'
), usage as (
  select ${bucketOf('starts_at')} as bucket, meter${byValue ? ', value' : ''}, sum(event_count)::bigint as event_count,
    trim_scale(sum(quantity_sum))::text as quantity_sum, trim_scale(max(quantity_max))::text as quantity_max,
    trim_scale((max(array[extract(epoch from last_at), last_epoch, last_sequence, last_value])
      filter (where meter in (select meter from latest_meter)))[4])::text as last_value
  from (select rolled.*${valueOf} from rolled) as valued
  group by bucket, meter${value}
), used as (
  select array_agg(distinct starts_at order by starts_at) as starts from rolled
), first_seen as (
  select ${bucketOf('(select starts from used)[width_bucket(first_at, (select starts from used))]')} as bucket, meter${value},
    count(distinct (usage_period, value_digest)) as unique_count
  from (
    select *${valueOf} from usage_unique
    where ${selectedSql('usage_unique')} and first_at >= ${SPAN.hoursFrom} and first_at < ${SPAN.hoursTo}
  ) as seen
  group by bucket, meter${value}
)
select ${microsSql('usage.bucket')} as usage_period, usage.meter, ${METER_AGGREGATION} as aggregation, event_count, quantity_sum,
  quantity_max, last_value, coalesce(first_seen.unique_count, 0) as unique_count, '0-0' as first_position,
  '0-0' as final_position${byValue ? ', usage.value' : ''}
from usage
left join first_seen on first_seen.bucket = usage.bucket and first_seen.meter = usage.meter
  ${byValue ? 'and first_seen.value = usage.value' : ''}
order by usage.bucket, usage.meter${byValue ? ', usage.value' : ''}
limit $4::integer`;
}

function columnsOf(table: string): string {
  return ['meter', 'dimensions', ...ROLLUP_FIGURES].map((name) => `${table}.${name}`).join(', ');
}

/** The rollups of hours; or those of whole days and of the hours of days that are cut, each by the day that it is of. */
function rolledSql(by: UsageShape['by'], cutsDays: boolean): string {
  if (by === 'hour') {
    return `
  select hourly.hour as starts_at, ${columnsOf('hourly')}
  from usage_hourly hourly
  where ${selectedSql('hourly')} and hourly.hour >= ${SPAN.hoursFrom} and hourly.hour < ${SPAN.hoursTo}`;
  }
  const days = `
  select daily.day as starts_at, ${columnsOf('daily')}
  from usage_daily daily
  where ${selectedSql('daily')} and daily.day >= ${SPAN.daysFrom} and daily.day < ${SPAN.daysTo}`;
  if (!cutsDays) return days;
  return `${days}
  union all
  select daily.day as starts_at, ${columnsOf('hourly')}
  from usage_daily daily
  ${cutHoursSql(SPAN)}
  where ${selectedSql('daily')}`;
}

/**
 * The key of the rollups has the usage period in front: what lies in a span is of the period that holds its beginning, of a later one,
 * or of one that starts within the last hour.
 */
function selectedSql(table: string): string {
  return `${table}.tenant = $1::text
    and ${table}.usage_period >= coalesce((
      select max(period_start) from billing_period where tenant = $1::text and period_start <= ${SPAN.hoursFrom}
    ), '-infinity')
    and ${table}.usage_period < ${SPAN.hoursTo} + interval '1 hour'
    and ($2::text[] is null or ${table}.meter = any($2::text[]))`;
}
