import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { formatInstant, MICROS_PER_DAY, requireInstant } from '../../src/domain/instant.ts';
import {
  type BillingCalendar,
  type CalendarChange,
  fullPeriod,
  ordinalAt,
  periodAt,
  periodBoundary,
} from '../../src/domain/period.ts';
import { gridBoundary, gridOrdinal } from '../../src/domain/period-grid.ts';
import { expectOnePeriodAt, lengths, moments, questions } from './any-calendar.ts';

const RUNS = 500;
const CHANGES_MAX = 4;

/** A change so many periods behind the one before it, to a day of the month (in any zone) and a length. */
const wishes = fc.array(
  fc.record({
    periods: fc.integer({ min: 0, max: 30 }),
    anchor: moments.map(({ instant }) => instant),
    length: lengths,
  }),
  { minLength: 1, maxLength: CHANGES_MAX },
);

/** A calendar with changes at boundaries of what held until then, as a command makes them. */
const changing = fc
  .record({ question: questions, wishes, behind: fc.integer({ min: -40 * MICROS_PER_DAY, max: 400 * MICROS_PER_DAY }) })
  .map(({ question, wishes: wanted, behind }) => {
    let calendar: BillingCalendar = question.calendar;
    for (const [index, { periods, anchor, length }] of wanted.entries()) {
      const last = calendar.changes?.at(-1);
      const startMicros = periodBoundary(calendar, (last === undefined ? 0 : last.ordinal + 1) + periods);
      const change: CalendarChange = {
        ordinal: ordinalAt(calendar, startMicros),
        startsAt: formatInstant(startMicros),
        anchor: formatInstant(anchor),
        length,
      };
      // Of days that a zone skipped, two ordinals have one boundary.
      if (index > 0 && change.startsAt === last?.startsAt) continue;
      calendar = { ...calendar, changes: [...(calendar.changes ?? []), change] };
    }
    const some = calendar.changes?.[Math.abs(behind) % (calendar.changes.length || 1)];
    const around = some === undefined ? question.instant : requireInstant(some.startsAt) + behind;
    return { calendar, before: question.calendar, instant: behind % 4 === 0 ? question.instant : around };
  });

test('every instant is in exactly one period, and periods follow each other, over any changes', () => {
  fc.assert(
    fc.property(changing, ({ calendar, instant }) => expectOnePeriodAt(calendar, instant)),
    { numRuns: RUNS },
  );
});

test('what was before a change stays as it was, and what is behind the shorter period is the new anchor alone', () => {
  fc.assert(
    fc.property(changing, ({ calendar, before, instant }) => {
      const { changes = [], timeZone } = calendar;
      const change = changes.findLast(({ startsAt }) => requireInstant(startsAt) <= instant);
      if (change === undefined) {
        expect(periodAt(calendar, instant)).toEqual(periodAt(before, instant));
        return;
      }
      const period = periodAt(calendar, instant);
      if (period === undefined) throw new Error('no period');
      const grid = { timeZone, anchor: change.anchor, length: change.length };
      const ordinal = gridOrdinal(grid, instant);
      const whole = { startMicros: gridBoundary(grid, ordinal), endMicros: gridBoundary(grid, ordinal + 1) };
      const next = changes[changes.indexOf(change) + 1];
      const isLast = next?.ordinal === period.ordinal + 1;
      // Never empty, at most one new period long, and a part of it.
      expect(period.startMicros).toBe(Math.max(whole.startMicros, requireInstant(change.startsAt)));
      expect(period.endMicros).toBe(isLast ? requireInstant(next.startsAt) : whole.endMicros);
      expect(fullPeriod(calendar, period)).toEqual(whole);
    }),
    { numRuns: RUNS },
  );
});

test('boundaries rise with their ordinals, backwards as well', () => {
  fc.assert(
    fc.property(changing, fc.integer({ min: -50, max: 200 }), ({ calendar }, ordinal) => {
      const [start, end] = [periodBoundary(calendar, ordinal), periodBoundary(calendar, ordinal + 1)];
      // Microseconds are whole numbers until the year 2255.
      fc.pre(end < Number.MAX_SAFE_INTEGER);
      expect(start).toBeLessThanOrEqual(end);
      // Equal only where a local day was skipped.
      if (start < end) {
        expect(ordinalAt(calendar, start)).toBe(ordinal);
        expect(ordinalAt(calendar, end - 1)).toBe(ordinal);
      }
    }),
    { numRuns: RUNS },
  );
});
