import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Aggregation } from '../domain/meter.ts';
import type { TimeBucket } from '../domain/plan.ts';
import { READ_EVENTS } from './count-back.ts';
import type { UsageWindow } from './usage-window.ts';

/** What one charge wants to know of usage. */
export interface ChargeReading {
  /** Its key: names the answer. */
  readonly charge: string;
  readonly meter: string;
  /** Of the meter. */
  readonly aggregation: Aggregation;
  /** Whether it is value × seconds that is asked for, of a `latest` meter. Not by bucket. */
  readonly isTimeWeighted?: boolean;
  /** By dimension, values of which an event must have one; without any dimension every event counts. */
  readonly filter: Readonly<Record<string, readonly string[]>>;
  /** One number; or one for every combination of values and bucket beside it; or the value of every event beside it. */
  readonly reads: 'quantity' | 'parts' | 'events';
  /** By whose values parts are kept apart. */
  readonly dimensions: readonly string[];
  /** Of the tenant's zone; `null`: parts are not kept apart by time. */
  readonly bucket: TimeBucket | null;
}

/** Whose usage is summed, of which window, and as booked to which accounting periods. */
export interface ChargeUsageSelection {
  readonly tenant: string;
  readonly timeZone: string;
  readonly window: UsageWindow;
  /**
   * Starts of accounting periods, both inclusive: the usage period itself is what its own invoice bills, later ones are late usage.
   */
  readonly accountingFromMicros: EpochMicros;
  readonly accountingThroughMicros: EpochMicros;
}

/** The parameters $1 to $5 of every statement that sums the usage of charges. */
export function selectionValues(selection: ChargeUsageSelection, readings: readonly ChargeReading[]): unknown[] {
  const { tenant, window, accountingFromMicros, accountingThroughMicros } = selection;
  const wanted = readings.map(({ charge, meter, aggregation, filter, reads, dimensions, bucket }) => {
    return { charge, meter, aggregation, conditions: filter, reads, names: dimensions, bucket };
  });
  return [
    tenant,
    formatInstant(window.period.startMicros),
    formatInstant(accountingFromMicros),
    formatInstant(accountingThroughMicros),
    JSON.stringify(wanted),
  ];
}

/** The readings of $5 as the table `wanted`. */
export const WANTED = `wanted as materialized (
  select charge, meter, aggregation, conditions, reads, names, bucket
  from jsonb_to_recordset($5::jsonb)
    as one (charge text, meter text, aggregation text, conditions jsonb, reads text, names jsonb, bucket text)
)`;

/** The rows that $1 to $4 select. @param table what has the columns of tenants and periods */
export function selectedSql(table: string): string {
  return `${table}.tenant = $1::text and ${table}.usage_period = $2::timestamptz
    and ${table}.accounting_period between $3::timestamptz and $4::timestamptz`;
}

/**
 * Whether the conditions of `wanted` take usage of these dimensions. Values are compared as texts: a property that is the number 5
 * is the same as one that is `"5"`, as they are in the names of parts.
 *
 * @param dimensions an expression of `jsonb`
 */
export function isTakenSql(dimensions: string): string {
  return `(wanted.conditions = '{}'::jsonb or not exists (
      select from jsonb_each(wanted.conditions) as condition (name, allowed)
      where not coalesce(condition.allowed ? (${dimensions} ->> condition.name), false)
    ))`;
}

/** The values of the dimensions that `wanted` names; one that the event did not have is left out. */
export function partValuesSql(dimensions: string): string {
  return `case when wanted.names = '[]'::jsonb then '{}'::jsonb else coalesce((
      select jsonb_object_agg(name, ${dimensions} ->> name)
      from jsonb_array_elements_text(wanted.names) as one (name)
      where ${dimensions} ->> name is not null
    ), '{}'::jsonb) end`;
}

/**
 * The `from` and `where` of what the meters of `wanted` have read of single events in a span of time: `event`, and `reading` with
 * the value as text and its dimensions, and `number`, which is `null` for a digest.
 *
 * @param from an expression of `timestamptz`, inclusive
 * @param to exclusive
 * @param source in place of `wanted`, some of its rows
 */
export function readingsSql(from: string, to: string, source = 'wanted'): string {
  return `
  from ${source} as wanted
  join ${READ_EVENTS} event on event.readings ? wanted.meter
  cross join lateral (
    select
      case when jsonb_typeof(content) = 'array' then content ->> 0 else content #>> '{}' end as value,
      case when jsonb_typeof(content) = 'array' then content -> 1 else '{}'::jsonb end as dimensions
    from (select event.readings -> wanted.meter as content) as stored
  ) as reading
  cross join lateral (
    select case when wanted.aggregation <> 'unique' then reading.value::numeric end as number
  ) as read_number
  where ${selectedSql('event')} and event.occurred_at >= ${from} and event.occurred_at < ${to}
    and ${isTakenSql('reading.dimensions')}`;
}
