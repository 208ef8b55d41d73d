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
import { type PlaceQuantity, placeQuantities, type PlaceRow } from './place-quantities.ts';
import { isWholePeriod } from './usage-window.ts';

function distinctSql(source: string): string {
  return `
with ${WANTED}
select charge, grouping(part_values) = 1 as is_total, part_values, count(distinct value)::text as quantity
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
): Promise<readonly PlaceQuantity[]> {
  const unique = readings.filter(({ aggregation }) => aggregation === 'unique');
  if (unique.length === 0) return [];
  const values = selectionValues(selection, unique);
  const { window } = selection;
  const { rows } = isWholePeriod(window)
    ? await db.query<PlaceRow>(OF_PERIOD, values)
    : await db.query<PlaceRow>(OF_WINDOW, [
        ...values,
        formatInstant(window.fromMicros),
        formatInstant(window.toMicros),
      ]);
  return placeQuantities(rows);
}
