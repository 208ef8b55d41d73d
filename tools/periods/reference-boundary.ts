import type { ClockSpan } from './clock-table.ts';

/**
 * Where a period begins, by the rule as the blueprint says it and by nothing of the program: a calendar of its own, and the table of
 * the zone's clock.
 */

/** What the clock on the wall shows. Months from 1. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Microseconds since midnight by the wall. */
  readonly timeOfDayMicros: number;
}

/** Lengths that follow the calendar. */
export type CalendarLength = 'year' | 'month' | 'week' | 'day';

const MICROS_PER_MS = 1_000;
const MICROS_PER_DAY = 86_400_000_000;
const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** The anchor's wall time moved by so many lengths, always counted from the anchor; a day that a month lacks is its last one. */
export function movedWall(anchor: WallTime, length: CalendarLength, count: number): WallTime {
  const { year, month, day, timeOfDayMicros } = anchor;
  if (length === 'week' || length === 'day') {
    const moved = new Date(Date.UTC(year, month - 1, day + count * (length === 'week' ? 7 : 1)));
    return {
      year: moved.getUTCFullYear(),
      month: moved.getUTCMonth() + 1,
      day: moved.getUTCDate(),
      timeOfDayMicros,
    };
  }
  const months = year * 12 + (month - 1) + count * (length === 'year' ? 12 : 1);
  const [movedYear, movedMonth] = [Math.floor(months / 12), (months % 12) + 1];
  return { year: movedYear, month: movedMonth, day: Math.min(day, daysOf(movedYear, movedMonth)), timeOfDayMicros };
}

function daysOf(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : (DAYS_OF_MONTH[month - 1] ?? 0);
}

/**
 * The instant at which the wall shows that, in microseconds. Shown twice: the first. Never shown: as far behind the change as the
 * wall time is behind the time at which the clock was moved.
 */
export function instantOf(table: readonly ClockSpan[], wall: WallTime): number {
  const midnightMs = Date.UTC(wall.year, wall.month - 1, wall.day);
  const wallMicros = midnightMs * MICROS_PER_MS + wall.timeOfDayMicros;
  // No offset is more than a day, so spans that end before or begin behind cannot show it.
  for (let index = firstSpanNear(table, midnightMs); index < table.length; index += 1) {
    const span = table[index];
    if (span === undefined) break;
    const micros = wallMicros - span.offsetMs * MICROS_PER_MS;
    if (micros < span.fromMs * MICROS_PER_MS) {
      const before = table[index - 1];
      if (before === undefined) throw new Error('the table begins too late');
      return wallMicros - before.offsetMs * MICROS_PER_MS;
    }
    if (micros < span.toMs * MICROS_PER_MS) return micros;
  }
  throw new Error('the table ends too early');
}

const TWO_DAYS_MS = 172_800_000;

/** The first span that ends later than two days before. */
function firstSpanNear(table: readonly ClockSpan[], wallMs: number): number {
  let [low, high] = [0, table.length - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((table[middle]?.toMs ?? 0) > wallMs - TWO_DAYS_MS) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What the wall shows at an instant of the table. */
export function wallOf(table: readonly ClockSpan[], micros: number): WallTime {
  const span = table.find(({ toMs }) => micros < toMs * MICROS_PER_MS);
  if (span === undefined) throw new Error('the table ends too early');
  const wall = micros + span.offsetMs * MICROS_PER_MS;
  const midnight = Math.floor(wall / MICROS_PER_DAY) * MICROS_PER_DAY;
  const date = new Date(midnight / MICROS_PER_MS);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    timeOfDayMicros: wall - midnight,
  };
}
