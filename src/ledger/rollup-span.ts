import { dayEnd, dayStart } from '../domain/calendar-hour.ts';
import { formatInstant, type EpochMicros } from '../domain/instant.ts';

/** A part of one local day: its hours answer for it. */
export interface CutDay {
  /** Start of the day, as the rollups have it. */
  readonly dayMicros: EpochMicros;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
}

/** The rollups that answer for a span: infinite where it goes as far as the usage period does. */
export interface RollupSpan {
  /** Rollups of hours that begin from here on, and before the other. */
  readonly hoursFromMicros: EpochMicros;
  readonly hoursToMicros: EpochMicros;
  /** In their place: rollups of days that begin from here on and before the other (none where that is not later), */
  readonly daysFromMicros: EpochMicros;
  readonly daysToMicros: EpochMicros;
  /** and of the hours of days that the span cuts, at most two. */
  readonly cutDays: readonly CutDay[];
}

/** Which rollups answer for the hours that begin in `[fromMicros, toMicros)`. Infinite: as far as the usage period goes. */
export function rollupSpan(timeZone: string, fromMicros: EpochMicros, toMicros: EpochMicros): RollupSpan {
  const firstDay = dayOf(timeZone, fromMicros);
  const lastDay = dayOf(timeZone, toMicros);
  const daysFromMicros = firstDay === fromMicros ? firstDay : dayEnd(timeZone, fromMicros);
  const cutDays: CutDay[] = [];
  if (firstDay !== fromMicros) {
    cutDays.push({ dayMicros: firstDay, fromMicros, toMicros: Math.min(daysFromMicros, toMicros) });
  }
  const isInsideOneDay = lastDay < daysFromMicros && firstDay !== fromMicros;
  if (lastDay !== toMicros && !isInsideOneDay) cutDays.push({ dayMicros: lastDay, fromMicros: lastDay, toMicros });
  return {
    hoursFromMicros: fromMicros,
    hoursToMicros: toMicros,
    daysFromMicros,
    daysToMicros: lastDay,
    cutDays: fromMicros < toMicros ? cutDays : [],
  };
}

function dayOf(timeZone: string, micros: EpochMicros): EpochMicros {
  return Number.isFinite(micros) ? dayStart(timeZone, micros) : micros;
}

/**
 * A span as the parameters of a statement, in this order: from which hour on and up to which, from which day on and up to which, and
 * of the days that are cut their starts, from where on, and up to where.
 */
export function spanValues(span: RollupSpan): unknown[] {
  const { hoursFromMicros, hoursToMicros, daysFromMicros, daysToMicros, cutDays } = span;
  const borders = [hoursFromMicros, hoursToMicros, daysFromMicros, daysToMicros].map(borderText);
  const columns = (['dayMicros', 'fromMicros', 'toMicros'] as const).map((name) =>
    cutDays.map((day) => formatInstant(day[name])),
  );
  return [...borders, ...columns];
}

function borderText(micros: EpochMicros): string {
  if (Number.isFinite(micros)) return formatInstant(micros);
  return micros < 0 ? '-infinity' : 'infinity';
}

/** The parameters that `spanValues` gives, as expressions of a statement. */
export interface SpanParameters {
  readonly hoursFrom: string;
  readonly hoursTo: string;
  readonly daysFrom: string;
  readonly daysTo: string;
  /** A table of `day`, `hours_from` and `hours_to`. */
  readonly cutDays: string;
  /** A table that nobody reads: every parameter must have a type, also where a statement leaves out what it is for. */
  readonly typed: string;
  /** Number of the parameter behind them. */
  readonly next: number;
}

/** @param first number of the first one */
export function spanParameters(first: number): SpanParameters {
  const at = (place: number, type: string): string => `$${first + place}::${type}`;
  const borders = [0, 1, 2, 3].map((place) => at(place, 'timestamptz'));
  const days = [4, 5, 6].map((place) => at(place, 'timestamptz[]'));
  const [hoursFrom = '', hoursTo = '', daysFrom = '', daysTo = ''] = borders;
  return {
    hoursFrom,
    hoursTo,
    daysFrom,
    daysTo,
    cutDays: `unnest(${days.join(', ')}) as cut (day, hours_from, hours_to)`,
    typed: `span as (select ${[...borders, ...days].join(', ')})`,
    next: first + 7,
  };
}

/** The figures that rollups of hours and of days keep of the same usage, as their columns are called. */
export const ROLLUP_FIGURES: readonly string[] = [
  'event_count',
  'quantity_sum',
  'quantity_max',
  'last_value',
  'last_at',
  'last_epoch',
  'last_sequence',
];

/**
 * The hours of days that are cut, as `hourly`, beside their days as `daily`: their own key has the hour behind everything else, so
 * they are found by the days that they are of.
 */
export function cutHoursSql({ cutDays }: SpanParameters): string {
  return `join ${cutDays} on cut.day = daily.day
  join usage_hourly hourly on hourly.tenant = daily.tenant and hourly.usage_period = daily.usage_period
    and hourly.accounting_period = daily.accounting_period and hourly.meter = daily.meter and hourly.dimensions = daily.dimensions
    and hourly.hour >= cut.hours_from and hourly.hour < cut.hours_to`;
}
