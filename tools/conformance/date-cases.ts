import { type EpochMicros, formatInstant } from '../../src/domain/instant.ts';
import type { BillingCalendar } from '../../src/domain/period.ts';
import {
  billedInAdvance,
  daysBetween,
  monthsFromDay,
  startAfter,
  startsFromAnchor,
  startsTouching,
} from '../../src/domain/period-starts.ts';
import { type Exact, exact } from '../../src/rating/exact.ts';
import { type CaseFields, countIn, has, instantIn, isDateIn, microsIn } from './case-fields.ts';
import type { CaseRunners } from './case-runner.ts';

const UTC = 'UTC';

/** Starts are written as the case writes the instant that they are counted from: as dates, or as instants. */
function written(starts: readonly EpochMicros[], asDates: boolean): string[] {
  return starts.map((start) => {
    const text = formatInstant(start);
    return asDates ? text.slice(0, 'yyyy-mm-dd'.length) : text;
  });
}

function periodStarts(_params: CaseFields, input: CaseFields): string[] {
  if (!has(input, 'anchor')) {
    const start = startAfter(monthsFromDay(UTC, countIn(input, 'anchor_day')), microsIn(input, 'from'));
    return written([start], isDateIn(input, 'from'));
  }
  const anchor = instantIn(input, 'anchor');
  const calendar: BillingCalendar = { timeZone: UTC, anchor, length: 'month', endsAt: null };
  const starts = has(input, 'steps')
    ? startsFromAnchor(calendar, countIn(input, 'steps'))
    : startsTouching(calendar, microsIn(input, 'start'), microsIn(input, 'end'));
  return written(starts, isDateIn(input, 'anchor'));
}

function daysOrCycles(_params: CaseFields, input: CaseFields): Exact {
  return exact(BigInt(has(input, 'bcd') ? cyclesOf(input) : daysOf(input)));
}

function cyclesOf(input: CaseFields): number {
  const calendar = monthsFromDay(UTC, countIn(input, 'bcd'));
  return billedInAdvance(calendar, microsIn(input, 'start'), microsIn(input, 'target')).length;
}

function daysOf(input: CaseFields): number {
  const zone = input['zone'] ?? UTC;
  if (typeof zone !== 'string') throw new TypeError('zone must be an IANA name');
  return daysBetween(zone, microsIn(input, 'from'), microsIn(input, 'to'));
}

/** Periods and days of the calendar. */
export const DATE_CASES: CaseRunners = { period_starts: periodStarts, days_or_cycles: daysOrCycles };
