import { formatInstant } from '../domain/instant.ts';
import { type ChargeReading, type ChargeUsageSelection, selectionValues } from './charge-reading.ts';
import { chargeSum, type ChargeSum, type SumRow, withGauges } from './charge-sum.ts';
import { sumsStatement, type SumsShape } from './charge-sums-sql.ts';
import { countDistinct } from './count-distinct.ts';
import type { Queryable } from './database.ts';
import { QuantitiesByPlace } from './place-quantities.ts';
import { spanValues } from './rollup-span.ts';
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

async function readSums(
  db: Queryable,
  selection: ChargeUsageSelection,
  readings: readonly ChargeReading[],
  { partsMax, eventsMax }: UsageBounds,
): Promise<readonly SumRow[]> {
  const { timeZone, window } = selection;
  const { splitHours, ...span } = windowParts(timeZone, window);
  const shape: SumsShape = {
    readsHours: readings.some(({ bucket }) => bucket === 'hour'),
    cutsDays: span.cutDays.length > 0,
    splitHours: splitHours.length,
    readsEvents: readings.some(({ reads }) => reads === 'events'),
  };
  const { rows } = await db.query<SumRow>({
    ...sumsStatement(shape),
    values: [
      ...selectionValues(selection, readings),
      ...spanValues(span),
      dayStarts(timeZone, window).map(formatInstant),
      ...splitHours.flatMap(({ hourMicros, fromMicros, toMicros }) =>
        [hourMicros, fromMicros, toMicros].map(formatInstant),
      ),
      // Totals, one row of each charge that reads no parts, and one part more than there may be.
      2 * readings.length + partsMax + 1,
      ...(shape.readsEvents ? [formatInstant(window.fromMicros), formatInstant(window.toMicros), eventsMax] : []),
    ],
  });
  return rows;
}
