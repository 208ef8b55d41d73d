import { startOfWall, wallText } from './calendar-arithmetic.ts';
import { firstInstantFrom, offsetChange, offsetMicros, wallAt } from './calendar-zone.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, type EpochMicros } from './instant.ts';
import { type LocalSpan, LocalSpans } from './local-spans.ts';

/** Local hours, days and months as exact instants: what rollups and usage reads group by. */

const hours = new LocalSpans(MICROS_PER_HOUR, localHour);
const days = new LocalSpans(MICROS_PER_DAY, localDay);
const months = new LocalSpans(31 * MICROS_PER_DAY, localMonth);

/** From the first of any month into the next one. */
const INTO_NEXT_MONTH_MICROS = 32 * MICROS_PER_DAY;

/**
 * Start of the tenant-local hour that holds an instant. Called once per event: the answer is a look-up.
 *
 * An hour in which the clock changes is cut there: every local hour has one offset, and the hours of a zone follow each other
 * without gap or overlap (in Berlin's October 02:00 is there twice, Lord Howe has two hours of thirty minutes).
 */
export function hourStart(timeZone: string, instant: EpochMicros): EpochMicros {
  return hours.at(timeZone, instant).startMicros;
}

/** Where the tenant-local hour that holds an instant ends, and the next one begins. */
export function hourEnd(timeZone: string, instant: EpochMicros): EpochMicros {
  return hours.at(timeZone, instant).endMicros;
}

function localHour(timeZone: string, instant: EpochMicros): LocalSpan {
  const offset = offsetMicros(timeZone, instant);
  const wallStart = Math.floor((instant + offset) / MICROS_PER_HOUR) * MICROS_PER_HOUR;
  let startMicros = wallStart - offset;
  let endMicros = startMicros + MICROS_PER_HOUR;
  if (offsetMicros(timeZone, startMicros) !== offset) startMicros = offsetChange(timeZone, startMicros, instant);
  const last = endMicros - 1;
  if (offsetMicros(timeZone, last) !== offset) endMicros = offsetChange(timeZone, instant, last);
  return { startMicros, endMicros };
}

/**
 * First instant of the tenant-local day that holds an instant. Days follow each other without gap or overlap: where a clock goes back
 * over midnight, what it shows once more of the evening belongs to the day that has begun.
 */
export function dayStart(timeZone: string, instant: EpochMicros): EpochMicros {
  return days.at(timeZone, instant).startMicros;
}

/** Where the tenant-local day that holds an instant ends, and the next one begins. */
export function dayEnd(timeZone: string, instant: EpochMicros): EpochMicros {
  return days.at(timeZone, instant).endMicros;
}

function localDay(timeZone: string, instant: EpochMicros): LocalSpan {
  const wall = startOfWall(wallAt(timeZone, instant), 'day');
  const next = firstInstantFrom(timeZone, wall + MICROS_PER_DAY);
  if (next > instant) return { startMicros: firstInstantFrom(timeZone, wall), endMicros: next };
  return { startMicros: next, endMicros: firstInstantFrom(timeZone, wall + 2 * MICROS_PER_DAY) };
}

/** First instant of the tenant-local calendar month that holds an instant: its days are those that begin in it. */
export function monthStart(timeZone: string, instant: EpochMicros): EpochMicros {
  return months.at(timeZone, instant).startMicros;
}

function localMonth(timeZone: string, instant: EpochMicros): LocalSpan {
  const wall = startOfWall(wallAt(timeZone, dayStart(timeZone, instant)), 'month');
  const nextWall = startOfWall(wall + INTO_NEXT_MONTH_MICROS, 'month');
  return { startMicros: firstInstantFrom(timeZone, wall), endMicros: firstInstantFrom(timeZone, nextWall) };
}

/** An instant as people of that zone write it: `2023-11-01 05:45`. */
export function localText(timeZone: string, instant: EpochMicros): string {
  return wallText(wallAt(timeZone, instant));
}
