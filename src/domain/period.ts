import { addToWall, wallDistance } from './calendar-arithmetic.ts';
import { instantOfWall, wallAt } from './calendar-zone.ts';
import {
  formatInstant,
  requireInstant,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  type EpochMicros,
  type InstantText,
} from './instant.ts';
import type { PeriodLength } from './period-length.ts';

export { dayStart, hourEnd, hourStart, monthStart } from './calendar-hour.ts';

/**
 * Billing periods. Workflows must not import this file (it brings luxon into their bundle): they are given period instants by
 * an activity. Types may be imported anywhere.
 */

/** A half-open span `[startMicros, endMicros)` of one tenant's billing calendar. `ordinal` counts from 0 at the anchor. */
export interface Period {
  readonly startMicros: EpochMicros;
  readonly endMicros: EpochMicros;
  readonly ordinal: number;
}

/** What decides a tenant's periods. `anchor` is the tenant's `billingStart`. */
export interface BillingCalendar {
  /** IANA name, checked with `isTimeZone`. */
  readonly timeZone: string;
  readonly anchor: InstantText;
  readonly length: PeriodLength;
  /** The last period is cut here; `null`: there is no last one. */
  readonly endsAt: InstantText | null;
}

const EXACT_LENGTHS: Readonly<Partial<Record<PeriodLength, number>>> = {
  hour: MICROS_PER_HOUR,
  minute: MICROS_PER_MINUTE,
};

/** The estimate of an ordinal is off by one for clamped months, by two where the zone skipped a day. */
const ORDINAL_CORRECTIONS_MAX = 4;

/**
 * Where the period with this ordinal begins, `endsAt` left aside. Any integer: the calendar also runs backwards from its
 * anchor. Every boundary is counted from the anchor's wall time in the tenant's zone, so the 31st comes back after a short
 * month and noon stays noon across a change of clocks. Hours and minutes are exact spans.
 */
export function periodBoundary(calendar: BillingCalendar, ordinal: number): EpochMicros {
  const anchor = requireInstant(calendar.anchor);
  const exact = EXACT_LENGTHS[calendar.length];
  if (exact !== undefined) return anchor + ordinal * exact;
  // The anchor is its own instant, also where the wall clock showed it twice.
  if (ordinal === 0) return anchor;
  const length = calendar.length as Exclude<PeriodLength, 'hour' | 'minute'>;
  return instantOfWall(calendar.timeZone, addToWall(wallAt(calendar.timeZone, anchor), length, ordinal));
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
  let ordinal = estimatedOrdinal(calendar, instant);
  for (let correction = 0; correction <= ORDINAL_CORRECTIONS_MAX; correction += 1) {
    if (periodBoundary(calendar, ordinal) > instant) ordinal -= 1;
    else if (periodBoundary(calendar, ordinal + 1) <= instant) ordinal += 1;
    else return ordinal;
  }
  throw new Error(
    `no period of ${JSON.stringify(calendar)} holds ${formatInstant(instant)}: the estimate is too far off`,
  );
}

/** The period that begins where this one ends; `undefined` when the calendar ends there. */
export function periodAfter(calendar: BillingCalendar, period: Period): Period | undefined {
  return periodAt(calendar, period.endMicros);
}

/** The name of a period in keys, ids and invoice occasions: its start, RFC 3339. */
export function periodName(period: Pick<Period, 'startMicros'>): InstantText {
  return formatInstant(period.startMicros);
}

function estimatedOrdinal(calendar: BillingCalendar, instant: EpochMicros): number {
  const anchor = requireInstant(calendar.anchor);
  const exact = EXACT_LENGTHS[calendar.length];
  if (exact !== undefined) return Math.floor((instant - anchor) / exact);
  const length = calendar.length as Exclude<PeriodLength, 'hour' | 'minute'>;
  return wallDistance(wallAt(calendar.timeZone, anchor), wallAt(calendar.timeZone, instant), length);
}
