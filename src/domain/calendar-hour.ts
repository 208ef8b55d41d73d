import { startOfWall, wallText } from './calendar-arithmetic.ts';
import { firstInstantFrom, offsetChange, offsetMicros, wallAt } from './calendar-zone.ts';
import { MICROS_PER_HOUR, type EpochMicros } from './instant.ts';

/** Local hours, days and months as exact instants: what rollups and usage reads group by. */

interface LocalHour {
  readonly startMicros: EpochMicros;
  readonly endMicros: EpochMicros;
}

/** Zones and hours that the cache holds before it starts afresh: a year of hours for some hundred zones would be 20 MB. */
const CACHED_HOURS_MAX = 50_000;

/** By zone, then by hour of UTC: the local hours that touch it, at most three even where a clock changes. */
const hoursByZone = new Map<string, Map<number, LocalHour[]>>();
let cachedHours = 0;

/**
 * Start of the tenant-local hour that holds an instant. Called once per event, so known hours are kept: the answer is a look-up.
 *
 * An hour in which the clock changes is cut there: every local hour has one offset, and the hours of a zone follow each other
 * without gap or overlap (in Berlin's October 02:00 is there twice, Lord Howe has two hours of thirty minutes).
 */
export function hourStart(timeZone: string, instant: EpochMicros): EpochMicros {
  const slot = Math.floor(instant / MICROS_PER_HOUR);
  let hours = hoursByZone.get(timeZone);
  const known = hours?.get(slot)?.find((hour) => hour.startMicros <= instant && instant < hour.endMicros);
  if (known !== undefined) return known.startMicros;
  const found = localHour(timeZone, instant);
  if (cachedHours >= CACHED_HOURS_MAX) {
    hoursByZone.clear();
    cachedHours = 0;
    hours = undefined;
  }
  if (hours === undefined) hoursByZone.set(timeZone, (hours = new Map<number, LocalHour[]>()));
  hours.set(slot, [...(hours.get(slot) ?? []), found]);
  cachedHours += 1;
  return found.startMicros;
}

/** Where the tenant-local hour that holds an instant ends, and the next one begins. */
export function hourEnd(timeZone: string, instant: EpochMicros): EpochMicros {
  return localHour(timeZone, instant).endMicros;
}

function localHour(timeZone: string, instant: EpochMicros): LocalHour {
  const offset = offsetMicros(timeZone, instant);
  const wallStart = Math.floor((instant + offset) / MICROS_PER_HOUR) * MICROS_PER_HOUR;
  let startMicros = wallStart - offset;
  let endMicros = startMicros + MICROS_PER_HOUR;
  if (offsetMicros(timeZone, startMicros) !== offset) startMicros = offsetChange(timeZone, startMicros, instant);
  const last = endMicros - 1;
  if (offsetMicros(timeZone, last) !== offset) endMicros = offsetChange(timeZone, instant, last);
  return { startMicros, endMicros };
}

/** First instant of the tenant-local day that holds an instant. */
export function dayStart(timeZone: string, instant: EpochMicros): EpochMicros {
  return firstInstantFrom(timeZone, startOfWall(wallAt(timeZone, instant), 'day'));
}

/** First instant of the tenant-local calendar month that holds an instant. */
export function monthStart(timeZone: string, instant: EpochMicros): EpochMicros {
  return firstInstantFrom(timeZone, startOfWall(wallAt(timeZone, instant), 'month'));
}

/** An instant as people of that zone write it: `2023-11-01 05:45`. */
export function localText(timeZone: string, instant: EpochMicros): string {
  return wallText(wallAt(timeZone, instant));
}
