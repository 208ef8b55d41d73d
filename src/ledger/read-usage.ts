import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { JsonValue } from '../domain/event.ts';
import type { Aggregation } from '../domain/meter.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import { METER_AGGREGATION, usageSum, type UsageSumRow } from './usage-sum.ts';

/** Which usage is read, and how it is cut. */
export interface UsageQuery {
  readonly tenant: string;
  /** Half-open; an hour belongs to it when the hour starts in it. */
  readonly from: EpochMicros;
  readonly to: EpochMicros;
  readonly by: 'hour' | 'day' | 'month';
  /** IANA name: days and months are those of this zone. Give the tenant's own, whose hours the rollups keep. */
  readonly timeZone: string;
  /** Only these meters; all when left out. */
  readonly meters?: readonly string[];
}

/** Usage of one meter in one hour, day or month, by the events' own time. */
export interface UsageBucket {
  readonly startMicros: EpochMicros;
  readonly meter: string;
  readonly aggregation: Aggregation;
  /** A plain decimal of whole units. For `unique`: how many values were seen for the first time of their period. */
  readonly quantity: string;
  readonly eventCount: string;
}

/** Usage of one meter by the values of one of its dimensions. */
export interface DimensionUsageQuery extends Omit<UsageQuery, 'meters'> {
  readonly meter: string;
  readonly dimension: string;
}

/** What one value of a dimension has used in one hour, day or month. */
export interface DimensionUsageBucket extends UsageBucket {
  /** `null`: events without that property, also those from before the meter had the dimension. */
  readonly value: JsonValue;
}

/** Bound of one read: five years of hours. */
export const USAGE_BUCKETS_MAX = 50_000;

/**
 * The hours are found by their usage periods, which the key of `usage_hourly` has in front: an hour of [from, to) belongs to the
 * period that holds `from`, to a later one, or to one that starts within the last hour. Each hour is put into its bucket by a
 * search among the buckets' starts, which costs a tenth of cutting its instant in the zone. The last value is looked for only
 * where a meter wants it. By the values of a dimension each bucket is cut once more: then `$7` is its name.
 */
function usageSql({ byValue }: { readonly byValue: boolean }): string {
  const value = byValue ? `, coalesce(dimensions -> $7::text, 'null'::jsonb) as value` : '';
  const name = byValue ? ', value' : '';
  const join = (table: string): string => (byValue ? ` and ${table}.value = usage.value` : '');
  return `
with bucket as (
  select array_agg(start order by start) as starts
  from (
    select wall at time zone $5::text as start
    from generate_series(date_trunc($4::text, $2::timestamptz at time zone $5::text), $3::timestamptz at time zone $5::text,
      ('1 ' || $4::text)::interval) as wall
    where $4::text <> 'hour'
  ) as wall
), bucketed as not materialized (
  select case when $4::text = 'hour' then hour else starts[width_bucket(hour, starts)] end as bucket, meter, event_count, quantity_sum, quantity_max, last_value, last_at,
    last_epoch, last_sequence${value}
  from usage_hourly
  cross join bucket
  where tenant = $1::text and hour >= $2::timestamptz and hour < $3::timestamptz
    and usage_period >= coalesce((
      select max(period_start) from billing_period where tenant = $1::text and period_start <= $2::timestamptz
    ), '-infinity')
    and usage_period < $3::timestamptz + interval '1 hour'
    and ($6::text[] is null or meter = any($6::text[]))
), latest_meter as materialized (
  select distinct key as meter from meter where definition ->> 'aggregation' = 'latest'
), latest as (
  select distinct on (bucket, meter${name}) bucket, meter, last_value${name}
  from bucketed
  where exists (select from latest_meter) and meter in (select meter from latest_meter)
  order by bucket, meter${name}, last_at desc nulls last, last_epoch desc, last_sequence desc
), first_seen as (
  select date_trunc($4::text, first_at, $5::text) as bucket, meter, count(distinct (usage_period, value_digest)) as unique_count${value}
  from usage_unique
  where tenant = $1::text and first_at >= $2::timestamptz and first_at < $3::timestamptz
    and ($6::text[] is null or meter = any($6::text[]))
  group by 1, 2${name}
)
select ${microsSql('usage.bucket')} as usage_period, usage.meter, ${METER_AGGREGATION} as aggregation, event_count, quantity_sum,
  quantity_max, trim_scale(latest.last_value)::text as last_value, coalesce(first_seen.unique_count, 0) as unique_count,
  '0-0' as first_position, '0-0' as final_position${byValue ? ', usage.value' : ''}
from (
  select bucket, meter${name}, sum(event_count)::bigint as event_count, trim_scale(sum(quantity_sum))::text as quantity_sum,
    trim_scale(max(quantity_max))::text as quantity_max
  from bucketed
  group by bucket, meter${name}
) usage
left join latest on latest.bucket = usage.bucket and latest.meter = usage.meter${join('latest')}
left join first_seen on first_seen.bucket = usage.bucket and first_seen.meter = usage.meter${join('first_seen')}
order by usage.bucket, usage.meter${byValue ? ', usage.value' : ''}
limit ${byValue ? USAGE_BUCKETS_MAX + 1 : USAGE_BUCKETS_MAX}`;
}

const READ_USAGE = usageSql({ byValue: false });
const READ_USAGE_BY_DIMENSION = usageSql({ byValue: true });

/** Reads usage by hour, day or month from the rollups, in order of time and meter, at most `USAGE_BUCKETS_MAX` entries. */
export async function readUsage(db: Queryable, query: UsageQuery): Promise<readonly UsageBucket[]> {
  const { tenant, from, to, by, timeZone, meters = null } = query;
  const { rows } = await db.query<UsageSumRow>({
    name: 'read_usage',
    text: READ_USAGE,
    values: [tenant, formatInstant(from), formatInstant(to), by, timeZone, meters],
  });
  return rows.map(usageBucket);
}

/**
 * Reads usage of one meter by the values of one of its dimensions, in order of time and value. How many values there are is not known
 * beforehand: one entry more than `USAGE_BUCKETS_MAX` says that there are too many.
 */
export async function readUsageByDimension(
  db: Queryable,
  query: DimensionUsageQuery,
): Promise<readonly DimensionUsageBucket[]> {
  const { tenant, from, to, by, timeZone, meter, dimension } = query;
  const { rows } = await db.query<UsageSumRow & { readonly value: JsonValue }>({
    name: 'read_usage_by_dimension',
    text: READ_USAGE_BY_DIMENSION,
    values: [tenant, formatInstant(from), formatInstant(to), by, timeZone, [meter], dimension],
  });
  return rows.map((row) => ({ ...usageBucket(row), value: row.value }));
}

function usageBucket(row: UsageSumRow): UsageBucket {
  const { meter, aggregation, quantity, eventCount } = usageSum(row);
  return { startMicros: readMicros(row.usage_period), meter, aggregation, quantity, eventCount };
}
