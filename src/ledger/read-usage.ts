import { monthStart } from '../domain/calendar-hour.ts';
import type { JsonValue } from '../domain/event.ts';
import { MICROS_PER_HOUR, type EpochMicros } from '../domain/instant.ts';
import type { Aggregation } from '../domain/meter.ts';
import { readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import { rollupSpan, spanValues } from './rollup-span.ts';
import { type UsageRow, usageStatement } from './usage-sql.ts';
import { usageSum } from './usage-sum.ts';

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

/** Reads usage by hour, day or month from the rollups, in order of time and meter, at most `USAGE_BUCKETS_MAX` entries. */
export async function readUsage(db: Queryable, query: UsageQuery): Promise<readonly UsageBucket[]> {
  const rows = await readRows(db, query, { meters: query.meters ?? null, dimension: null, max: USAGE_BUCKETS_MAX });
  return rows.map((row) => usageBucket(query, row));
}

/**
 * Reads usage of one meter by the values of one of its dimensions, in order of time and value. How many values there are is not known
 * beforehand: one entry more than `USAGE_BUCKETS_MAX` says that there are too many.
 */
export async function readUsageByDimension(
  db: Queryable,
  query: DimensionUsageQuery,
): Promise<readonly DimensionUsageBucket[]> {
  const { meter, dimension } = query;
  const rows = await readRows(db, query, { meters: [meter], dimension, max: USAGE_BUCKETS_MAX + 1 });
  return rows.map((row) => ({ ...usageBucket(query, row), value: row.value ?? null }));
}

interface Selected {
  readonly meters: readonly string[] | null;
  readonly dimension: string | null;
  readonly max: number;
}

async function readRows(
  db: Queryable,
  { tenant, from, to, by, timeZone }: Omit<UsageQuery, 'meters'>,
  { meters, dimension, max }: Selected,
): Promise<readonly UsageRow[]> {
  const span = rollupSpan(timeZone, from, to);
  const shape = { by, cutsDays: span.cutDays.length > 0, byValue: dimension !== null };
  const { rows } = await db.query<UsageRow>({
    ...usageStatement(shape),
    values: [tenant, meters, timeZone, max, dimension, ...spanValues(span)],
  });
  return rows;
}

/** From a month's first midnight, taken as if it were of UTC, into that month in any zone. */
const INTO_MONTH_MICROS = 36 * MICROS_PER_HOUR;

function usageBucket({ by, timeZone }: Pick<UsageQuery, 'by' | 'timeZone'>, row: UsageRow): UsageBucket {
  const { meter, aggregation, quantity, eventCount } = usageSum(row);
  const bucket = readMicros(row.usage_period);
  const startMicros = by === 'month' ? monthStart(timeZone, bucket + INTO_MONTH_MICROS) : bucket;
  return { startMicros, meter, aggregation, quantity, eventCount };
}
