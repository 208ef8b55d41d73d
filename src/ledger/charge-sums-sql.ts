import { amountsSql } from './charge-amounts.ts';
import { isTakenSql, partValuesSql, readingsSql, selectedSql, WANTED } from './charge-reading.ts';
import { microsSql } from './columns.ts';
import { cutHoursSql, ROLLUP_FIGURES, spanParameters } from './rollup-span.ts';

/**
 * The statement that sums the usage of charges. Its parameters: those of `selectionValues`, those of `spanValues`, the starts of the
 * window's days, three instants of each split hour (its own start, from, to), the most rows, and for events the window
 * and the most events of a charge.
 */

/** What a statement reads beside the rollups of days. Each part costs time, so it is there only where it is wanted. */
export interface SumsShape {
  /** Rollups of hours, for charges that keep hours apart. */
  readonly readsHours: boolean;
  /** Rollups of hours of the days that the window cuts. */
  readonly cutsDays: boolean;
  /** How many hours the window cuts: they are read from the rows of events. */
  readonly splitHours: number;
  /** The values of single events. */
  readonly readsEvents: boolean;
}

const SPAN = spanParameters(6);
const DAY_STARTS = `$${SPAN.next}::timestamptz[]`;
/** Parameters before those of the split hours. */
const SUMS_PARAMETERS = SPAN.next;

/** The statement, prepared where it reads no rows of events: a plan for any instants could not leave partitions out. */
export function sumsStatement(shape: SumsShape): { readonly name?: string; readonly text: string } {
  const text = sumsSql(shape);
  if (shape.splitHours > 0 || shape.readsEvents) return { text };
  return { name: `sum_charge_usage${shape.readsHours ? '_hours' : ''}${shape.cutsDays ? '_cut' : ''}`, text };
}

/** Totals first, so that a bound on the rows leaves every charge its own. */
function sumsSql(shape: SumsShape): string {
  const { splitHours, readsEvents } = shape;
  const next = SUMS_PARAMETERS + splitHours * 3;
  const events = [`$${next + 2}::timestamptz`, `$${next + 3}::timestamptz`, `$${next + 4}::bigint`] as const;
  return `
with ${WANTED}, ${SPAN.typed}, counted as (${countedSql(shape)}
), sums as (
  select charge, grouping(part_values) = 1 as is_total, part_values, ${microsSql('bucket_start')} as bucket_start,
    sum(event_count) as event_count, trim_scale(coalesce(sum(quantity_sum), 0))::text as quantity_sum,
    trim_scale(max(quantity_max))::text as quantity_max,
    trim_scale((max(array[extract(epoch from last_at), last_epoch, last_sequence, last_value])
      filter (where aggregation = 'latest'))[4])::text as last_value,
    array_to_string(min(array[first_epoch, first_sequence]), '-') as first_position,
    array_to_string(max(array[final_epoch, final_sequence]), '-') as final_position
  from (
    select counted.*, case bucket
      when 'hour' then starts_at
      when 'day' then (${DAY_STARTS})[width_bucket(starts_at, ${DAY_STARTS})]
    end as bucket_start
    from counted
  ) as placed
  group by grouping sets ((charge), (charge, part_values, bucket_start))
)${readsEvents ? amountsSql(...events) : ''}
select sums.*${readsEvents ? ', amounts' : ''}
from sums${readsEvents ? ' left join amounts on amounts.charge = sums.charge and is_total' : ''}
order by is_total desc
limit $${next + 1}::integer`;
}

/** Every event of the window once: in the rollup of its day, else of its hour, else by itself. */
function countedSql({ readsHours, cutsDays, splitHours }: SumsShape): string {
  const { hoursFrom, hoursTo, daysFrom, daysTo } = SPAN;
  const parts = [
    rollupsSql(
      'daily.day',
      ofMeter('usage_daily', 'daily'),
      `${selectedSql('daily')} and ${NOT_BY_HOUR} and daily.day >= ${daysFrom} and daily.day < ${daysTo}`,
    ),
    ...(cutsDays
      ? [
          rollupsSql(
            'hourly.hour',
            `${ofMeter('usage_daily', 'daily')}\n  ${cutHoursSql(SPAN)}`,
            `${selectedSql('daily')} and ${NOT_BY_HOUR}`,
          ),
        ]
      : []),
    ...(readsHours
      ? [
          rollupsSql(
            'hourly.hour',
            ofMeter('usage_hourly', 'hourly'),
            `${selectedSql('hourly')} and wanted.bucket = 'hour' and hourly.hour >= ${hoursFrom} and hourly.hour < ${hoursTo}`,
          ),
        ]
      : []),
    ...Array.from({ length: splitHours }, (_, index) => splitHourSql(index)),
  ];
  return parts.join('\n  union all');
}

const NOT_BY_HOUR = `wanted.bucket is distinct from 'hour'`;

function ofMeter(table: string, name: string): string {
  return `join ${table} ${name} on ${name}.meter = wanted.meter`;
}

/** @param startsAt the column of the rollups that says when they begin */
function rollupsSql(startsAt: string, joins: string, condition: string): string {
  const table = startsAt.slice(0, startsAt.indexOf('.'));
  return `
  select wanted.charge, wanted.aggregation, ${partValuesSql(`${table}.dimensions`)} as part_values, wanted.bucket,
    ${startsAt} as starts_at, ${FIGURES.map((name) => `${table}.${name}`).join(', ')}
  from wanted
  ${joins}
  where ${condition}
    and ${isTakenSql(`${table}.dimensions`)}`;
}

/** With the range of the ledger that they are of. */
const FIGURES = [...ROLLUP_FIGURES, 'first_epoch', 'first_sequence', 'final_epoch', 'final_sequence'];

/** The readings of an hour that the window cuts, each in the form of a rollup. A `unique` value is a digest and no number. */
function splitHourSql(index: number): string {
  const place = SUMS_PARAMETERS + 1 + index * 3;
  const [hour, from, to] = [`$${place}::timestamptz`, `$${place + 1}::timestamptz`, `$${place + 2}::timestamptz`];
  return `
  select wanted.charge, wanted.aggregation, ${partValuesSql('reading.dimensions')}, wanted.bucket, ${hour}, 1, number, number, number,
    event.occurred_at, event.epoch, event.sequence, event.epoch, event.sequence, event.epoch, event.sequence
  ${readingsSql(from, to)}`;
}
