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
import { type PlaceQuantity, placeQuantities, type PlaceRow } from './place-quantities.ts';

/**
 * Each combination of values of dimensions is a gauge of its own. What it showed before the period is the last value of the rollups of
 * earlier periods, as booked to accounting periods that the selection may know; within the period each of its events is read.
 */
const SUM_VALUE_SECONDS = `
with ${WANTED}, before as (
  select distinct on (wanted.charge, daily.dimensions) wanted.charge, daily.dimensions as gauge,
    ${partValuesSql('daily.dimensions')} as part_values, $2::timestamptz as at, daily.last_epoch as epoch,
    daily.last_sequence as sequence, daily.last_value as number
  from wanted
  join usage_daily daily on daily.meter = wanted.meter
  where daily.tenant = $1::text and daily.usage_period < $2::timestamptz and daily.accounting_period <= $4::timestamptz
    and daily.last_at is not null and ${isTakenSql('daily.dimensions')}
  order by wanted.charge, daily.dimensions, daily.last_at desc, daily.last_epoch desc, daily.last_sequence desc
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
