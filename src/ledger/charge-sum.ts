import { canonicalJson } from '../domain/canonical.ts';
import { formatInstant, type InstantText } from '../domain/instant.ts';
import type { ChargeAmounts } from './charge-amounts.ts';
import type { ChargeReading } from './charge-reading.ts';
import { readMicros } from './columns.ts';
import type { JournalPosition } from './journal-position.ts';
import { type PlaceQuantity, QuantitiesByPlace } from './place-quantities.ts';
import { readPosition, ROLLUP_QUANTITIES } from './usage-sum.ts';

/** Usage of some values of dimensions, in one bucket of time, or both. */
export interface ChargePart {
  /** By dimension; one that the events did not have is not there. */
  readonly values: Readonly<Record<string, string>>;
  readonly bucket: InstantText | null;
  /** Whole units, a plain decimal, by the meter's aggregation. */
  readonly quantity: string;
  readonly eventCount: string;
}

/** The usage of one charge. */
export interface ChargeSum {
  readonly charge: string;
  /** Whole units, a plain decimal, by the meter's aggregation. */
  readonly quantity: string;
  readonly eventCount: string;
  /** Positions of the first and the last event behind it; `null` for a gauge that only went on. */
  readonly first: JournalPosition | null;
  readonly last: JournalPosition | null;
  /** Where the charge reads parts: in order of bucket, then of the canonical JSON of their values. */
  readonly parts?: readonly ChargePart[];
  /** Where the charge reads events. */
  readonly amounts?: ChargeAmounts;
}

/** A row of the sums, before the aggregation has chosen its quantity: of a whole charge, or of one of its parts. */
export interface SumRow {
  readonly charge: string;
  readonly is_total: boolean;
  readonly part_values: Readonly<Record<string, string>>;
  readonly bucket_start: string | null;
  readonly event_count: string;
  readonly quantity_sum: string;
  readonly quantity_max: string | null;
  readonly last_value: string | null;
  readonly first_position: string | null;
  readonly final_position: string | null;
  /** Of a whole charge that reads events. */
  readonly amounts?: ChargeAmounts | null;
}

/** A gauge that had no event in the window is used all the same. */
export function withGauges(rows: readonly SumRow[], gauges: readonly PlaceQuantity[]): readonly SumRow[] {
  const known = new QuantitiesByPlace(
    rows.map(({ charge, is_total, part_values }) => ({ charge, values: is_total ? null : part_values, quantity: '1' })),
  );
  const silent = gauges.filter(({ charge, values }) => known.get(charge, values) === '0');
  return [
    ...rows,
    ...silent.map(({ charge, values }) => ({
      ...NO_EVENTS,
      charge,
      is_total: values === null,
      part_values: values ?? {},
    })),
  ];
}

const NO_EVENTS = {
  bucket_start: null,
  event_count: '0',
  quantity_sum: '0',
  quantity_max: null,
  last_value: null,
  first_position: null,
  final_position: null,
} as const;

/** What the rows of a charge say; `undefined` without any. @param found the quantities that are in no row */
export function chargeSum(
  reading: ChargeReading,
  rows: readonly SumRow[],
  found: QuantitiesByPlace,
): ChargeSum | undefined {
  const total = rows.find(({ is_total }) => is_total);
  if (total === undefined) return undefined;
  const sum = {
    charge: reading.charge,
    quantity: quantityOf(reading, total, found),
    eventCount: total.event_count,
    first: total.first_position === null ? null : readPosition(total.first_position),
    last: total.final_position === null ? null : readPosition(total.final_position),
  };
  if (reading.reads === 'events') return { ...sum, amounts: total.amounts ?? [] };
  if (reading.reads !== 'parts') return sum;
  const parts = rows.filter(({ is_total }) => !is_total).toSorted(comparePlaces);
  return {
    ...sum,
    parts: parts.map((row) => ({
      values: row.part_values,
      bucket: row.bucket_start === null ? null : formatInstant(readMicros(row.bucket_start)),
      quantity: quantityOf(reading, row, found),
      eventCount: row.event_count,
    })),
  };
}

/** By code units, not by a collation of the database: the recorded inputs are hashed. */
function comparePlaces(one: SumRow, other: SumRow): number {
  const [start, otherStart] = [one, other].map(({ bucket_start }) =>
    bucket_start === null ? 0 : readMicros(bucket_start),
  );
  if (start !== otherStart) return (start ?? 0) - (otherStart ?? 0);
  return canonicalJson(one.part_values) < canonicalJson(other.part_values) ? -1 : 1;
}

function quantityOf(reading: ChargeReading, row: SumRow, found: QuantitiesByPlace): string {
  const { charge, aggregation, isTimeWeighted = false } = reading;
  if (aggregation !== 'unique' && !isTimeWeighted) return ROLLUP_QUANTITIES[aggregation](row);
  return found.get(charge, row.is_total ? null : row.part_values);
}
