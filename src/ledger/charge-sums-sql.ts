import { amountsSql } from './charge-amounts.ts';
import { isTakenSql, partValuesSql, readingsSql, selectedSql, WANTED } from './charge-reading.ts';
import { microsSql } from './columns.ts';

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

/** Parameters before those of the split hours. */
const SUMS_PARAMETERS = 13;
const [HOURS_FROM, HOURS_TO] = ['$6::timestamptz', '$7::timestamptz'];
const [DAYS_FROM, DAYS_TO] = ['$8::timestamptz', '$9::timestamptz'];
const CUT_DAYS = 'unnest($10::timestamptz[], $11::timestamptz[], $12::timestamptz[])';
const DAY_STARTS = '$13::timestamptz[]';
/** Read by nobody: every parameter must have a type, also where a statement leaves out the part that it is for. */
const SPAN = `span as (select ${HOURS_FROM}, ${HOURS_TO}, ${DAYS_FROM}, ${DAYS_TO} from ${CUT_DAYS})`;

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
with ${WANTED}, ${SPAN}, counted as (${countedSql(shape)}
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
  const parts = [
    rollupsSql(
      'daily.day',
      'join usage_daily daily on daily.meter = wanted.meter',
      `${selectedSql('daily')} and ${NOT_BY_HOUR} and daily.day >= ${DAYS_FROM} and daily.day < ${DAYS_TO}`,
    ),
    ...(cutsDays ? [rollupsSql('hourly.hour', HOURS_OF_CUT_DAYS, `${selectedSql('daily')} and ${NOT_BY_HOUR}`)] : []),
    ...(readsHours
      ? [
          rollupsSql(
            'hourly.hour',
            'join usage_hourly hourly on hourly.meter = wanted.meter',
            `${selectedSql('hourly')} and wanted.bucket = 'hour' and hourly.hour >= ${HOURS_FROM} and hourly.hour < ${HOURS_TO}`,
          ),
        ]
      : []),
    ...Array.from({ length: splitHours }, (_, index) => splitHourSql(index)),
  ];
  return parts.join('\n  union all');
}

const NOT_BY_HOUR = `wanted.bucket is distinct from 'hour'`;

/** Their key has the hour behind everything else: hours are found by the days that they are of. */
const HOURS_OF_CUT_DAYS = `join usage_daily daily on daily.meter = wanted.meter
  join ${CUT_DAYS} as cut (day, hours_from, hours_to) on cut.day = daily.day
  join usage_hourly hourly on hourly.tenant = daily.tenant and hourly.usage_period = daily.usage_period
    and hourly.accounting_period = daily.accounting_period and hourly.meter = daily.meter and hourly.dimensions = daily.dimensions
    and hourly.hour >= cut.hours_from and hourly.hour < cut.hours_to`;

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

const FIGURES = [
  'event_count',
  'quantity_sum',
  'quantity_max',
  'last_value',
  'last_at',
  'last_epoch',
  'last_sequence',
  'first_epoch',
  'first_sequence',
  'final_epoch',
  'final_sequence',
];

/** The readings of an hour that the window cuts, each in the form of a rollup. A `unique` value is a digest and no number. */
function splitHourSql(index: number): string {
  const place = SUMS_PARAMETERS + 1 + index * 3;
  const [hour, from, to] = [`$${place}::timestamptz`, `$${place + 1}::timestamptz`, `$${place + 2}::timestamptz`];
  return `
  select wanted.charge, wanted.aggregation, ${partValuesSql('reading.dimensions')}, wanted.bucket, ${hour}, 1, number, number, number,
    event.occurred_at, event.epoch, event.sequence, event.epoch, event.sequence, event.epoch, event.sequence
  ${readingsSql(from, to)}`;
}
