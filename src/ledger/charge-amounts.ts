import { formatInstant } from '../domain/instant.ts';
import {
  type ChargeReading,
  type ChargeUsageSelection,
  readingsSql,
  selectionValues,
  WANTED,
} from './charge-reading.ts';
import type { Queryable } from './database.ts';

/** Values of single events in the order of the journal, equal ones in a row as one value and how many. Plain decimals. */
export type ChargeAmounts = readonly (readonly [value: string, times: number])[];

/**
 * The position of an event is its own, within its shard, which its tenant does not change; the digest makes the order whole whatever
 * happens. A run ends where the value changes.
 */
const READ_AMOUNTS = `
with ${WANTED}, ordered as (
  select wanted.charge, number, row_number() over events as place,
    case when lag(number) over events = number then 0 else 1 end as begins_run
  ${readingsSql('$6::timestamptz', '$7::timestamptz')}
  window events as (partition by wanted.charge order by event.epoch, event.sequence, event.id_digest)
), numbered as (
  select charge, number, place, sum(begins_run) over (partition by charge order by place) as run from ordered
)
select charge, trim_scale(min(number))::text as value, count(*)::integer as times
from numbered
group by charge, run
order by charge, run`;

/**
 * Reads the values that events had for the charges that are priced event by event. Its cost grows with the number of events in the
 * partitions it reads: the caller has seen to it that there are not too many.
 */
export async function readChargeAmounts(
  db: Queryable,
  selection: ChargeUsageSelection,
  readings: readonly ChargeReading[],
): Promise<ReadonlyMap<string, ChargeAmounts>> {
  const ofEvents = readings.filter(({ reads }) => reads === 'events');
  if (ofEvents.length === 0) return new Map();
  const { fromMicros, toMicros } = selection.window;
  const { rows } = await db.query<{ readonly charge: string; readonly value: string; readonly times: number }>(
    READ_AMOUNTS,
    [...selectionValues(selection, ofEvents), formatInstant(fromMicros), formatInstant(toMicros)],
  );
  const byCharge = Map.groupBy(rows, ({ charge }) => charge);
  return new Map([...byCharge].map(([charge, own]) => [charge, own.map(({ value, times }) => [value, times])]));
}
