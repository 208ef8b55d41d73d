import { formatInstant } from '../domain/instant.ts';
import { amountsSql } from './charge-amounts.ts';
import {
  type ChargeReading,
  type ChargeUsageSelection,
  isTakenSql,
  partValuesSql,
  readingsSql,
  selectedSql,
  selectionValues,
  WANTED,
} from './charge-reading.ts';
import { chargeSum, type ChargeSum, type SumRow, withGauges } from './charge-sum.ts';
import { microsSql } from './columns.ts';
import { countDistinct } from './count-distinct.ts';
import type { Queryable } from './database.ts';
import { QuantitiesByPlace } from './place-quantities.ts';
import { sumValueSeconds } from './sum-value-seconds.ts';
import { dayStarts, windowParts } from './usage-window.ts';

/** Sums; or charges that would read more than one bill can hold. */
export type ChargeSums = { readonly sums: readonly ChargeSum[] } | { readonly tooMuch: readonly TooMuchUsage[] };

/** A charge that reads more than one bill can hold. */
export interface TooMuchUsage {
  readonly charge: string;
  readonly reads: 'parts' | 'events';
  readonly max: number;
}

/** Says which usage keeps a bill from being made, and what to do about it. */
export function tooMuchSentence({ charge, reads, max }: TooMuchUsage): string {
  const bound = max.toLocaleString('en-US');
  if (reads === 'events') {
    return `the usage of ${charge} has more than ${bound} events, each of which it is priced by: bill shorter periods, or send fewer and larger ones`;
  }
  return `usage is read in more than ${bound} parts (values of dimensions, hours, days), most of them of ${charge}: price it by a dimension with fewer values`;
}

/** How much may be read at once. */
export interface UsageBounds {
  /** Of all charges together. */
  readonly partsMax: number;
  /** Of each charge. */
  readonly eventsMax: number;
}

/**
 * A year of hours for eleven values of a dimension, a month of days for three thousand. Events that each have an amount of their own are
 * 7 MB of recorded inputs, and the gauges of as many are read in half of what a statement may take, on two cores that have seven
 * times too much to do.
 */
export const USAGE_BOUNDS: UsageBounds = { partsMax: 100_000, eventsMax: 500_000 };

/**
 * What charges are priced on, by their filters: whole hours from the rollups, what a window cuts of an hour from the rows of events.
 * So it takes milliseconds, whatever the number of events, but for two: a charge that reads events reads the rows of its window,
 * and so does a part of a period for distinct values or a gauge. Charges without usage are left out.
 */
export async function sumChargeUsage(
  db: Queryable,
  selection: ChargeUsageSelection,
  readings: readonly ChargeReading[],
  bounds: UsageBounds = USAGE_BOUNDS,
): Promise<ChargeSums> {
  if (readings.length === 0) return { sums: [] };
  const rows = await readSums(db, selection, readings, bounds);
  const tooMuch = [...tooManyParts(rows, readings, bounds), ...tooManyEvents(rows, readings, bounds)];
  if (tooMuch.length > 0) return { tooMuch };
  const gauges = await sumValueSeconds(db, selection, readings);
  const found = new QuantitiesByPlace([...gauges, ...(await countDistinct(db, selection, readings))]);
  const byCharge = Map.groupBy(withGauges(rows, gauges), ({ charge }) => charge);
  const sums = readings.flatMap((reading) => chargeSum(reading, byCharge.get(reading.charge) ?? [], found) ?? []);
  return { sums };
}

/** Names the charge with the most of them. */
function tooManyParts(
  rows: readonly SumRow[],
  readings: readonly ChargeReading[],
  { partsMax }: UsageBounds,
): TooMuchUsage[] {
  const inParts = new Set(readings.filter(({ reads }) => reads === 'parts').map(({ charge }) => charge));
  const parts = rows.filter(({ charge, is_total }) => !is_total && inParts.has(charge));
  if (parts.length <= partsMax) return [];
  const ofCharges = [...Map.groupBy(parts, ({ charge }) => charge)];
  const [most] = ofCharges.toSorted(([, one], [, other]) => other.length - one.length);
  return most === undefined ? [] : [{ charge: most[0], reads: 'parts', max: partsMax }];
}

function tooManyEvents(
  rows: readonly SumRow[],
  readings: readonly ChargeReading[],
  { eventsMax }: UsageBounds,
): TooMuchUsage[] {
  const byEvent = readings.filter(({ reads, isTimeWeighted = false }) => reads === 'events' || isTimeWeighted);
  const counts = new Map(rows.filter(({ is_total }) => is_total).map((row) => [row.charge, BigInt(row.event_count)]));
  return byEvent
    .filter(({ charge }) => (counts.get(charge) ?? 0n) > BigInt(eventsMax))
    .map(({ charge }) => ({ charge, reads: 'events', max: eventsMax }));
}

/** Parameters before those of the split hours. */
const SUMS_PARAMETERS = 8;

/** The readings of an hour that the window cuts, each in the form of a rollup. A `unique` value is a digest and no number. */
function splitHourSql(index: number): string {
  const place = SUMS_PARAMETERS + 1 + index * 3;
  const [hour, from, to] = [`$${place}::timestamptz`, `$${place + 1}::timestamptz`, `$${place + 2}::timestamptz`];
  return `
  union all
  select wanted.charge, wanted.aggregation, ${partValuesSql('reading.dimensions')}, wanted.bucket, ${hour}, 1, number, number, number,
    event.occurred_at, event.epoch, event.sequence, event.epoch, event.sequence, event.epoch, event.sequence
  ${readingsSql(from, to)}`;
}

/** Totals first, so that a bound on the rows leaves every charge its own. */
function sumsSql({ splitHours, readsEvents }: { readonly splitHours: number; readonly readsEvents: boolean }): string {
  const next = SUMS_PARAMETERS + splitHours * 3;
  const events = [`$${next + 2}::timestamptz`, `$${next + 3}::timestamptz`, `$${next + 4}::bigint`] as const;
  return `
with ${WANTED}, counted as (
  select wanted.charge, wanted.aggregation, ${partValuesSql('hourly.dimensions')} as part_values, wanted.bucket, hourly.hour,
    event_count, quantity_sum, quantity_max, last_value, last_at, last_epoch, last_sequence, first_epoch, first_sequence,
    final_epoch, final_sequence
  from wanted
  join usage_hourly hourly on hourly.meter = wanted.meter
  where ${selectedSql('hourly')} and hourly.hour >= $6::timestamptz and hourly.hour < $7::timestamptz
    and ${isTakenSql('hourly.dimensions')}${Array.from({ length: splitHours }, (_, index) => splitHourSql(index)).join('')}
), sums as (
  select charge, grouping(part_values) = 1 as is_total, part_values, ${microsSql('bucket_start')} as bucket_start,
    sum(event_count) as event_count, trim_scale(coalesce(sum(quantity_sum), 0))::text as quantity_sum,
    trim_scale(max(quantity_max))::text as quantity_max,
    trim_scale((max(array[extract(epoch from last_at), last_epoch, last_sequence, last_value])
      filter (where aggregation = 'latest'))[4])::text as last_value,
    array_to_string(min(array[first_epoch, first_sequence]), '-') as first_position,
    array_to_string(max(array[final_epoch, final_sequence]), '-') as final_position
  from (
    select counted.*, case bucket
      when 'hour' then hour
      when 'day' then ($8::timestamptz[])[width_bucket(hour, $8::timestamptz[])]
    end as bucket_start
    from counted
  ) as placed
  group by grouping sets ((charge), (charge, part_values, bucket_start))
)${readsEvents ? amountsSql(...events) : ''}
select sums.*${readsEvents ? ', amounts' : ''}
from sums${readsEvents ? ' left join amounts on amounts.charge = sums.charge and is_total' : ''}
order by is_total desc
limit $${next + 1}::integer`;
}

async function readSums(
  db: Queryable,
  selection: ChargeUsageSelection,
  readings: readonly ChargeReading[],
  { partsMax, eventsMax }: UsageBounds,
): Promise<readonly SumRow[]> {
  const { timeZone, window } = selection;
  const { hoursFromMicros, hoursToMicros, splitHours } = windowParts(timeZone, window);
  const days = readings.some(({ bucket }) => bucket === 'day') ? dayStarts(timeZone, window) : [];
  const readsEvents = readings.some(({ reads }) => reads === 'events');
  // Only what reads no rows of events is prepared: a plan for any instants could not leave partitions out.
  const isPrepared = splitHours.length === 0 && !readsEvents;
  const { rows } = await db.query<SumRow>({
    ...(isPrepared ? { name: 'sum_charge_usage' } : {}),
    text: sumsSql({ splitHours: splitHours.length, readsEvents }),
    values: [
      ...selectionValues(selection, readings),
      hoursFromMicros === -Infinity ? '-infinity' : formatInstant(hoursFromMicros),
      hoursToMicros === Infinity ? 'infinity' : formatInstant(hoursToMicros),
      days.map(formatInstant),
      ...splitHours.flatMap(({ hourMicros, fromMicros, toMicros }) =>
        [hourMicros, fromMicros, toMicros].map(formatInstant),
      ),
      // Totals, one row of each charge that reads no parts, and one part more than there may be.
      2 * readings.length + partsMax + 1,
      ...(readsEvents ? [formatInstant(window.fromMicros), formatInstant(window.toMicros), eventsMax] : []),
    ],
  });
  return rows;
}
