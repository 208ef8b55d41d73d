import { formatInstant } from '../domain/instant.ts';
import {
  type ChargeReading,
  type ChargeUsageSelection,
  isTakenSql,
  partValuesSql,
  readingsSql,
  selectionValues,
  WANTED,
} from './charge-reading.ts';
import type { Queryable } from './database.ts';
import { gaugesSql, lastShownSql } from './gauge-openings.ts';
import { type PlaceQuantity, placeQuantities, type PlaceRow } from './place-quantities.ts';

/**
 * What each gauge showed before the period is the last value of the rollups of earlier periods, as booked to accounting periods that the
 * selection may know; within the period each of its events is read.
 */
const SUM_VALUE_SECONDS = `
with recursive ${WANTED}, ${gaugesSql('select distinct meter from wanted')}, before as (
  select wanted.charge, gauge.dimensions as gauge, ${partValuesSql('gauge.dimensions')} as part_values, $2::timestamptz as at,
    last_epoch as epoch, last_sequence as sequence, last_value as number
  from wanted
  join gauge on gauge.meter = wanted.meter
  cross join lateral (${lastShownSql('$2::timestamptz', 'daily.accounting_period <= $4::timestamptz')}) as last_shown
  where ${isTakenSql('gauge.dimensions')}
), shown as (
  select charge, gauge, part_values, at, number, 0 as is_event, epoch, sequence from before
  union all
  select wanted.charge, reading.dimensions, ${partValuesSql('reading.dimensions')}, event.occurred_at, number, 1, event.epoch,
    event.sequence
  ${readingsSql('$2::timestamptz', '$7::timestamptz')}
), held as (
  select charge, part_values, number, greatest(at, $6::timestamptz) as since,
    coalesce(lead(at) over (partition by charge, gauge order by at, is_event, epoch, sequence), $7::timestamptz) as until
  from shown
)
select charge, grouping(part_values) = 1 as is_total, part_values,
  trim_scale(sum(number * (extract(epoch from until) - extract(epoch from since))))::text as quantity
from held
where until > since
group by grouping sets ((charge), (charge, part_values))`;

/**
 * Value × seconds of the gauges among the readings, over the window: exact, since instants are whole microseconds. A gauge that had
 * no event in it goes on with what it showed. Its cost grows with the number of the period's events.
 */
export async function sumValueSeconds(
  db: Queryable,
  selection: ChargeUsageSelection,
  readings: readonly ChargeReading[],
): Promise<readonly PlaceQuantity[]> {
  const gauges = readings.filter(({ isTimeWeighted }) => isTimeWeighted === true);
  if (gauges.length === 0) return [];
  const { fromMicros, toMicros } = selection.window;
  const { rows } = await db.query<PlaceRow>(SUM_VALUE_SECONDS, [
    ...selectionValues(selection, gauges),
    formatInstant(fromMicros),
    formatInstant(toMicros),
  ]);
  return placeQuantities(rows);
}
