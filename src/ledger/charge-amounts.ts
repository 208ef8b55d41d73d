import { readingsSql } from './charge-reading.ts';

/** Values of single events in the order of the journal, equal ones in a row as one value and how many. Plain decimals. */
export type ChargeAmounts = readonly (readonly [value: string, times: number])[];

/**
 * Tables behind `sums` (`charge`, `is_total`, `event_count`): `amounts`, the values of the events of those charges that read events and
 * have not too many. They are of the same statement as the sums, so that both have seen the same events, however fast the
 * journal is drained meanwhile.
 *
 * The position of an event is its own, within its shard, which its tenant does not change; the digest makes the order whole whatever
 * happens. A run ends where the value changes.
 *
 * @param from an expression of `timestamptz`, inclusive
 * @param to exclusive
 * @param eventsMax an expression of `bigint`
 */
export function amountsSql(from: string, to: string, eventsMax: string): string {
  return `, wanted_events as (
  select wanted.*
  from wanted
  join sums on sums.charge = wanted.charge and sums.is_total
  where wanted.reads = 'events' and sums.event_count <= ${eventsMax}
), ordered as (
  select wanted.charge, number, row_number() over events as place,
    case when lag(number) over events = number then 0 else 1 end as begins_run
  ${readingsSql(from, to, 'wanted_events')}
  window events as (partition by wanted.charge order by event.epoch, event.sequence, event.id_digest)
), numbered as (
  select charge, number, place, sum(begins_run) over (partition by charge order by place) as run from ordered
), runs as (
  select charge, run, trim_scale(min(number))::text as value, count(*) as times from numbered group by charge, run
), amounts as (
  select charge, json_agg(json_build_array(value, times) order by run) as amounts from runs group by charge
)`;
}
