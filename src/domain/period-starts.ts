import { addToWall } from './calendar-arithmetic.ts';
import { instantOfWall, wallAt } from './calendar-zone.ts';
import { formatInstant, MICROS_PER_DAY, requireInstant, type EpochMicros } from './instant.ts';
import { type BillingCalendar, ordinalAt, periodBoundary } from './period.ts';

/** Lists of period starts, and days of a tenant's calendar. Not for workflows, as `period.ts`. */

/** More starts than this are a mistake: every hour of a year. */
const STARTS_MAX = 9_000;

/** Where a calendar is anchored when all that is known is the day of the month: a month that has all of them. */
const MONTH_OF_ALL_DAYS = requireInstant('2000-01-01T00:00:00Z');
const DAYS_MAX = 31;

/** The anchor and the starts of the next periods, `count` of them. Throws `RangeError` for more than 9,000. */
export function startsFromAnchor(calendar: BillingCalendar, count: number): EpochMicros[] {
  return boundaries(calendar, 0, count);
}

/**
 * The starts of all periods that touch `[fromMicros, toMicros)`: the last one that is not after its beginning, and all after that
 * before its end. The calendar also runs backwards from its anchor. Throws `RangeError` for more than 9,000.
 */
export function startsTouching(
  calendar: BillingCalendar,
  fromMicros: EpochMicros,
  toMicros: EpochMicros,
): EpochMicros[] {
  const first = ordinalAt(calendar, fromMicros);
  const last = Math.max(first, ordinalAt(calendar, toMicros - 1));
  return boundaries(calendar, first, last - first);
}

function boundaries(calendar: BillingCalendar, first: number, count: number): EpochMicros[] {
  if (count > STARTS_MAX) throw new RangeError(`${count} periods; at most ${STARTS_MAX} are listed at once`);
  return Array.from({ length: count + 1 }, (_, index) => periodBoundary(calendar, first + index));
}

/** Months that begin at midnight of one day of the month, 1 to 31, clamped in short months. Throws `RangeError` for other days. */
export function monthsFromDay(timeZone: string, day: number): BillingCalendar {
  if (!Number.isInteger(day) || day < 1 || day > DAYS_MAX) throw new RangeError(`no day of a month: ${day}`);
  const anchor = instantOfWall(timeZone, MONTH_OF_ALL_DAYS + (day - 1) * MICROS_PER_DAY);
  return { timeZone, anchor: formatInstant(anchor), length: 'month', endsAt: null };
}

/** The first period start after an instant. */
export function startAfter(calendar: BillingCalendar, instant: EpochMicros): EpochMicros {
  return periodBoundary(calendar, ordinalAt(calendar, instant) + 1);
}

/**
 * When a subscription that begins at an instant is billed in advance, up to and with another one: at its beginning, which need not
 * be a period start, and at every period start after it. Nothing when it begins later. Throws `RangeError` for more than 9,000.
 */
export function billedInAdvance(calendar: BillingCalendar, begins: EpochMicros, through: EpochMicros): EpochMicros[] {
  if (through < begins) return [];
  return [begins, ...startsTouching(calendar, begins, through + 1).filter((start) => start > begins)];
}

/** The instant with the same time of day some local days later, or earlier where the count is negative. */
export function daysLater(timeZone: string, instant: EpochMicros, days: number): EpochMicros {
  return instantOfWall(timeZone, addToWall(wallAt(timeZone, instant), 'day', days));
}

/** Calendar days from the local date of one instant to that of another; negative when it is earlier. */
export function daysBetween(timeZone: string, from: EpochMicros, to: EpochMicros): number {
  const dayOf = (instant: EpochMicros): number => Math.floor(wallAt(timeZone, instant) / MICROS_PER_DAY);
  return dayOf(to) - dayOf(from);
}
