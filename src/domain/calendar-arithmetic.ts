import { DateTime } from 'luxon';

import type { WallMicros } from './calendar-zone.ts';
import type { PeriodLength } from './period-length.ts';

const MICROS_PER_MILLISECOND = 1_000;

/** Lengths that follow the calendar of the tenant's zone. Hours and minutes are exact spans instead. */
export type CalendarLength = Exclude<PeriodLength, 'hour' | 'minute'>;

/**
 * Moves a wall time by whole lengths and keeps its time of day. Months and years clamp to the last day of a short month; from
 * one anchor 31 January this gives 28 February and then 31 March, because each is counted from the anchor.
 */
export function addToWall(wall: WallMicros, length: CalendarLength, count: number): WallMicros {
  const { date, micros } = wallDate(wall);
  const moved = date.plus({ [length]: count });
  if (!moved.isValid) throw new RangeError(`${count} ${length}s from ${date.toISO()} is outside the calendar`);
  return moved.toMillis() * MICROS_PER_MILLISECOND + micros;
}

/** The beginning of the wall time's day, month or year. */
export function startOfWall(wall: WallMicros, unit: 'day' | 'month' | 'year'): WallMicros {
  return wallDate(wall).date.startOf(unit).toMillis() * MICROS_PER_MILLISECOND;
}

/** Whole lengths from one wall time to a later one, rounded down, at most one too high or too low because of clamping. */
export function wallDistance(from: WallMicros, to: WallMicros, length: CalendarLength): number {
  return Math.floor(wallDate(to).date.diff(wallDate(from).date, length).as(length));
}

/** A wall time for people: `2023-11-01 05:45`. */
export function wallText(wall: WallMicros): string {
  return wallDate(wall).date.toFormat('yyyy-MM-dd HH:mm');
}

/** luxon keeps milliseconds; what is finer travels beside it. Wall times are handled as UTC, where no clock ever changes. */
function wallDate(wall: WallMicros): { date: DateTime; micros: number } {
  const milliseconds = Math.floor(wall / MICROS_PER_MILLISECOND);
  return {
    date: DateTime.fromMillis(milliseconds, { zone: 'utc' }),
    micros: wall - milliseconds * MICROS_PER_MILLISECOND,
  };
}
