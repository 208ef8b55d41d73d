import { canonicalJson } from '../domain/canonical.ts';
import { formatInstant } from '../domain/instant.ts';
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
import type { Queryable } from './database.ts';
import { isWholePeriod } from './usage-window.ts';

/** Numbers of distinct values by charge, in all or of some values of dimensions. */
export class DistinctCounts {
  readonly #counts: ReadonlyMap<string, string>;

  constructor(counts: ReadonlyMap<string, string>) {
    this.#counts = counts;
  }

  /** @param values of a part; `null`: in all */
  get(charge: string, values: Readonly<Record<string, string>> | null): string {
    return this.#counts.get(nameOf(charge, values)) ?? '0';
  }
}

function nameOf(charge: string, values: Readonly<Record<string, string>> | null): string {
  return canonicalJson([charge, values]);
}

interface DistinctRow {
  readonly charge: string;
  readonly is_total: boolean;
  readonly part_values: Readonly<Record<string, string>>;
  readonly count: string;
}

function distinctSql(source: string): string {
  return `
with ${WANTED}
select charge, grouping(part_values) = 1 as is_total, part_values, count(distinct value)::text as count
from (${source}) as seen
group by grouping sets ((charge), (charge, part_values))`;
}

const OF_PERIOD = distinctSql(`
  select wanted.charge, ${partValuesSql('seen.dimensions')} as part_values, seen.value_digest as value
  from wanted
  join usage_unique seen on seen.meter = wanted.meter
  where ${selectedSql('seen')} and ${isTakenSql('seen.dimensions')}`);

/** Which values a part of a period saw is known by its events alone. */
const OF_WINDOW = distinctSql(`
  select wanted.charge, ${partValuesSql('reading.dimensions')} as part_values, reading.value
  ${readingsSql('$6::timestamptz', '$7::timestamptz')}`);

/** Counts the distinct values that the `unique` meters among the readings have seen. */
export async function countDistinct(
  db: Queryable,
  selection: ChargeUsageSelection,
  readings: readonly ChargeReading[],
): Promise<DistinctCounts> {
  const unique = readings.filter(({ aggregation }) => aggregation === 'unique');
  if (unique.length === 0) return new DistinctCounts(new Map());
  const values = selectionValues(selection, unique);
  const { window } = selection;
  const { rows } = isWholePeriod(window)
    ? await db.query<DistinctRow>(OF_PERIOD, values)
    : await db.query<DistinctRow>(OF_WINDOW, [
        ...values,
        formatInstant(window.fromMicros),
        formatInstant(window.toMicros),
      ]);
  return new DistinctCounts(
    new Map(rows.map((row) => [nameOf(row.charge, row.is_total ? null : row.part_values), row.count])),
  );
}
