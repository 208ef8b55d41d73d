import type { EpochMicros } from '../domain/instant.ts';
import type { Aggregation } from '../domain/meter.ts';
import { readMicros } from './columns.ts';
import { type JournalPosition, safeInteger } from './journal-position.ts';

/** What one meter counted for one usage period within one accounting period. */
export interface UsageSum {
  readonly usagePeriodMicros: EpochMicros;
  readonly meter: string;
  readonly aggregation: Aggregation;
  /** Whole units, a plain decimal: the count, sum, maximum, latest value or number of distinct values. */
  readonly quantity: string;
  readonly eventCount: string;
  /** The ledger range: positions of the first and last event behind it. */
  readonly first: JournalPosition;
  readonly last: JournalPosition;
}

/** A row of either sum, before the aggregation has chosen its quantity. */
export interface UsageSumRow {
  readonly usage_period: string;
  readonly meter: string;
  readonly aggregation: Aggregation | null;
  readonly event_count: string;
  readonly quantity_sum: string;
  readonly quantity_max: string | null;
  readonly last_value: string | null;
  readonly unique_count: string;
  /** `<epoch>-<sequence>`. */
  readonly first_position: string;
  readonly final_position: string;
}

/** The tables of rollups: both are made of the same events. */
export type RollupTable = 'usage_hourly' | 'usage_daily';

/** The aggregation of a meter's newest version; a version may not change it, since usage of both would not add up. */
export const METER_AGGREGATION = `(
  select definition ->> 'aggregation' from meter where meter.key = usage.meter order by version desc limit 1
)`;

/**
 * The columns by which rollups are added up. Positions are compared as arrays: an ordered aggregate would
 * sort all rows for each of them.
 */
export const ROLLUP_SUMS = `sum(event_count)::bigint as event_count, trim_scale(sum(quantity_sum))::text as quantity_sum,
    trim_scale(max(quantity_max))::text as quantity_max,
    array_to_string(min(array[first_epoch, first_sequence]), '-') as first_position,
    array_to_string(max(array[final_epoch, final_sequence]), '-') as final_position`;

/**
 * The last value of the meter `usage.meter` among the rollups that a condition names, read only where the meter wants it; of
 * values that are equally late, the last one journalled.
 *
 * @param table of rollups
 * @param condition on its columns
 */
export function lastValueSql(table: RollupTable, condition: string): string {
  return `case when ${METER_AGGREGATION} = 'latest' then (
    select trim_scale(last_value)::text
    from ${table}
    where ${condition} and ${table}.meter = usage.meter
    order by last_at desc nulls last, last_epoch desc, last_sequence desc
    limit 1
  ) end`;
}

/** Reads the rows of both sums alike: the two can differ only in what the ledger has. */
export function usageSum(row: UsageSumRow): UsageSum {
  if (row.aggregation === null) {
    throw new Error(`the ledger has usage of the meter ${row.meter}, which the catalogue does not know`);
  }
  return {
    usagePeriodMicros: readMicros(row.usage_period),
    meter: row.meter,
    aggregation: row.aggregation,
    quantity: row.aggregation === 'unique' ? row.unique_count : ROLLUP_QUANTITIES[row.aggregation](row),
    eventCount: row.event_count,
    first: readPosition(row.first_position),
    last: readPosition(row.final_position),
  };
}

/** The figures of rollups, added up, among which an aggregation chooses its quantity. */
type SummedFigures = Pick<UsageSumRow, 'event_count' | 'quantity_sum' | 'quantity_max' | 'last_value'>;

/** The quantity of an aggregation among the figures of rollups. Those of `unique` are in no rollup. */
export const ROLLUP_QUANTITIES: Readonly<Record<Exclude<Aggregation, 'unique'>, (row: SummedFigures) => string>> = {
  count: (row) => row.event_count,
  sum: (row) => row.quantity_sum,
  max: (row) => row.quantity_max ?? '0',
  latest: (row) => row.last_value ?? '0',
};

/** Reads `<epoch>-<sequence>`. */
export function readPosition(text: string): JournalPosition {
  const [epoch = '', sequence = ''] = text.split('-');
  return { epoch: safeInteger(epoch), sequence: safeInteger(sequence) };
}
