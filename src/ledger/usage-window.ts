import { dayEnd, dayStart, hourEnd, hourStart } from '../domain/calendar-hour.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { rollupSpan, type RollupSpan } from './rollup-span.ts';

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
