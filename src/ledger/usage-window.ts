import { dayEnd, dayStart, hourEnd, hourStart } from '../domain/calendar-hour.ts';
import { formatInstant, type EpochMicros } from '../domain/instant.ts';

/** A part of a usage period, half-open: usage belongs to it by its events' own time. */
export interface UsageWindow {
  /** The usage period, whole. */
  readonly period: { readonly startMicros: EpochMicros; readonly endMicros: EpochMicros };
  /** Not before the period. */
  readonly fromMicros: EpochMicros;
  /** Not behind the period. */
  readonly toMicros: EpochMicros;
}

/** A part of one local hour: what of a window the rollups cannot answer. */
export interface SplitHour {
  /** Start of the hour, as the rollups have it. */
  readonly hourMicros: EpochMicros;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
}

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

/** A window by what answers for it. */
export interface WindowParts extends RollupSpan {
  /** To be read from rows, at most two. */
  readonly splitHours: readonly SplitHour[];
}

/** True for a window that is its whole period. */
export function isWholePeriod({ period, fromMicros, toMicros }: UsageWindow): boolean {
  return fromMicros <= period.startMicros && toMicros >= period.endMicros;
}

/**
 * Cuts a window into whole local hours and what is left of an hour at its ends. A rollup is of one usage period, so an hour that
 * the border of the period cuts is whole as far as the period goes.
 */
export function windowParts(timeZone: string, { period, fromMicros, toMicros }: UsageWindow): WindowParts {
  const isFromStart = fromMicros <= period.startMicros;
  const isToEnd = toMicros >= period.endMicros;
  const firstHour = hourStart(timeZone, fromMicros);
  const lastHour = hourStart(timeZone, toMicros);
  const hoursFromMicros = firstHour === fromMicros ? firstHour : hourEnd(timeZone, fromMicros);
  const splitHours: SplitHour[] = [];
  if (!isFromStart && firstHour !== fromMicros) {
    splitHours.push({ hourMicros: firstHour, fromMicros, toMicros: Math.min(hoursFromMicros, toMicros) });
  }
  const isInsideOneHour = !isFromStart && lastHour < hoursFromMicros;
  if (!isToEnd && lastHour !== toMicros && !isInsideOneHour) {
    splitHours.push({ hourMicros: lastHour, fromMicros: Math.max(lastHour, period.startMicros), toMicros });
  }
  const [from, to] = [isFromStart ? -Infinity : hoursFromMicros, isToEnd ? Infinity : lastHour];
  return { ...rollupSpan(timeZone, from, to), splitHours };
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

/** A year of days, and what leap days and odd calendars add. */
const DAYS_MAX = 400;

/** The local days that a window touches, by their starts. Throws `RangeError` for a window longer than any period. */
export function dayStarts(timeZone: string, { fromMicros, toMicros }: UsageWindow): readonly EpochMicros[] {
  const starts: EpochMicros[] = [];
  for (let start = dayStart(timeZone, fromMicros); start < toMicros;) {
    if (starts.length === DAYS_MAX) throw new RangeError(`a window of more than ${DAYS_MAX} days is no usage period`);
    starts.push(start);
    start = dayEnd(timeZone, start);
  }
  return starts;
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
