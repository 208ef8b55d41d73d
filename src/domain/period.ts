import { formatInstant, requireInstant, type EpochMicros, type InstantText } from './instant.ts';
import { gridBoundary, gridOrdinal, type PeriodGrid } from './period-grid.ts';
import type { PeriodLength } from './period-length.ts';
import type { TimeWindow } from './timeline.ts';

export { dayStart, hourEnd, hourStart, monthStart } from './calendar-hour.ts';

/**
 * Billing periods. Workflows must not import this file (it brings luxon into their bundle): they are given period instants by
 * an activity. Types may be imported anywhere.
 */

/** A half-open span `[startMicros, endMicros)` of one tenant's billing calendar. `ordinal` counts from 0 at the first anchor. */
export interface Period {
  readonly startMicros: EpochMicros;
  readonly endMicros: EpochMicros;
  readonly ordinal: number;
}

/** From the start of one period on, periods are counted from another anchor, or have another length. */
export interface CalendarChange {
  /** Of the first period that it makes. */
  readonly ordinal: number;
  /** Where that period begins, and the one before it ends, by what held until then. */
  readonly startsAt: InstantText;
  /** Any instant, also an earlier or a later one. */
  readonly anchor: InstantText;
  readonly length: PeriodLength;
}

/** What decides a tenant's periods. `anchor` is the tenant's `billingStart`. */
export interface BillingCalendar extends PeriodGrid {
  /** The last period is cut here; `null`: there is no last one. */
  readonly endsAt: InstantText | null;
  /** In order of time. Left out: the first anchor and length hold for ever. */
  readonly changes?: readonly CalendarChange[];
}

/**
 * Where the period with this ordinal begins, `endsAt` left aside. Any integer: the calendar also runs backwards from its
 * anchor. Between the start of a change and the first boundary behind it that its anchor has lies a period that is shorter
 * than others, unless the change starts at such a boundary.
 */
export function periodBoundary(calendar: BillingCalendar, ordinal: number): EpochMicros {
  const change = calendar.changes?.findLast((one) => one.ordinal <= ordinal);
  if (change === undefined) return gridBoundary(calendar, ordinal);
  if (ordinal === change.ordinal) return requireInstant(change.startsAt);
  const grid = gridOf(calendar, change);
  return gridBoundary(grid, gridOrdinal(grid, requireInstant(change.startsAt)) + ordinal - change.ordinal);
}

/** What the periods of a calendar are counted by from a change on. */
function gridOf({ timeZone }: BillingCalendar, { anchor, length }: CalendarChange): PeriodGrid {
  return { timeZone, anchor, length };
}

/**
 * The period with this ordinal. `undefined` before the anchor, at or after `endsAt`, and for a local day that the zone skipped
 * (Apia, 30 December 2011): to walk from one period to the next use `periodAfter`.
 */
export function periodNumber(calendar: BillingCalendar, ordinal: number): Period | undefined {
  if (ordinal < 0) return undefined;
  const startMicros = periodBoundary(calendar, ordinal);
  const next = periodBoundary(calendar, ordinal + 1);
  const endsAt = calendar.endsAt === null ? Infinity : requireInstant(calendar.endsAt);
  const endMicros = Math.min(next, endsAt);
  return startMicros < endMicros ? { startMicros, endMicros, ordinal } : undefined;
}

/** The period that an instant falls into. `undefined` before the anchor and at or after `endsAt`. */
export function periodAt(calendar: BillingCalendar, instant: EpochMicros): Period | undefined {
  if (instant < requireInstant(calendar.anchor)) return undefined;
  if (calendar.endsAt !== null && instant >= requireInstant(calendar.endsAt)) return undefined;
  return periodNumber(calendar, ordinalAt(calendar, instant));
}

/** The ordinal of the period that holds an instant, `endsAt` left aside; negative before the anchor. */
export function ordinalAt(calendar: BillingCalendar, instant: EpochMicros): number {
  const { changes } = calendar;
  if (changes === undefined) return gridOrdinal(calendar, instant);
  const index = changes.findLastIndex(({ startsAt }) => requireInstant(startsAt) <= instant);
  const change = changes[index];
  // Where rules of the zone have moved since, the change is still where the period before it ends.
  const last = (changes[index + 1]?.ordinal ?? Infinity) - 1;
  if (change === undefined) return Math.min(gridOrdinal(calendar, instant), last);
  const grid = gridOf(calendar, change);
  const before = gridOrdinal(grid, requireInstant(change.startsAt));
  return Math.min(change.ordinal + gridOrdinal(grid, instant) - before, last);
}

/**
 * The full period that a period is a part of, for what is due by time: itself, unless the end of the calendar cuts it, or a change has
 * made it shorter than the periods of its anchor.
 */
export function fullPeriod(calendar: BillingCalendar, { startMicros, endMicros, ordinal }: Period): TimeWindow {
  const isCut = calendar.endsAt !== null && endMicros === requireInstant(calendar.endsAt);
  const end = isCut ? Math.max(endMicros, periodBoundary(calendar, ordinal + 1)) : endMicros;
  const change = calendar.changes?.find((one) => one.ordinal === ordinal);
  if (change === undefined) return { startMicros, endMicros: end };
  const grid = gridOf(calendar, change);
  return { startMicros: Math.min(startMicros, gridBoundary(grid, gridOrdinal(grid, startMicros))), endMicros: end };
}

/** The period that begins where this one ends; `undefined` when the calendar ends there. */
export function periodAfter(calendar: BillingCalendar, period: Period): Period | undefined {
  return periodAt(calendar, period.endMicros);
}

/** The name of a period in keys, ids and invoice occasions: its start, RFC 3339. */
export function periodName(period: Pick<Period, 'startMicros'>): InstantText {
  return formatInstant(period.startMicros);
}
