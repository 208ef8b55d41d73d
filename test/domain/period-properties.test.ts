import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { wallAt } from '../../src/domain/calendar-zone.ts';
import { formatInstant, MICROS_PER_DAY, requireInstant, type EpochMicros } from '../../src/domain/instant.ts';
import { dayStart, hourStart, monthStart, periodAt } from '../../src/domain/period.ts';
import { expectOnePeriodAt, instants, moments, questions } from './any-calendar.ts';

/** Enough to meet every zone's changes; a defect here was shrunk within the first hundred. */
const RUNS = 1_000;

describe('periods', () => {
  test('every instant from the anchor on is in exactly one period, and periods follow each other', () => {
    fc.assert(
      fc.property(questions, ({ calendar, instant }) => expectOnePeriodAt(calendar, instant)),
      { numRuns: RUNS },
    );
  });

  test('an end cuts the last period and nothing else', () => {
    fc.assert(
      fc.property(questions, instants, ({ calendar: open, instant }, end) => {
        fc.pre(end > requireInstant(open.anchor) && instant >= requireInstant(open.anchor));
        const whole = periodAt(open, instant);
        const cut = periodAt({ ...open, endsAt: formatInstant(end) }, instant);
        if (instant >= end) expect(cut).toBeUndefined();
        else expect(cut).toEqual(whole && { ...whole, endMicros: Math.min(whole.endMicros, end) });
      }),
      { numRuns: RUNS },
    );
  });
});

describe.each([
  ['hour', hourStart, 13],
  ['day', dayStart, 10],
  ['month', monthStart, 7],
] as const)('the start of a local %s', (unit, start, characters) => {
  const wallUnit = (zone: string, instant: EpochMicros): string =>
    formatInstant(wallAt(zone, instant)).slice(0, characters);

  test('is at or before its instant, in the same unit, and is its own start', () => {
    fc.assert(
      fc.property(moments, ({ zone, instant }) => {
        const begin = start(zone, instant);
        expect(begin).toBeLessThanOrEqual(instant);
        // A day that had begun goes on while the clock shows the evening before once more.
        const isEveningAgain = unit !== 'hour' && wallAt(zone, instant) < wallAt(zone, begin);
        if (!isEveningAgain) expect(wallUnit(zone, begin)).toBe(wallUnit(zone, instant));
        expect(start(zone, begin)).toBe(begin);
        expect(start(zone, begin - 1)).toBeLessThan(begin);
      }),
      { numRuns: RUNS },
    );
  });

  // Until 2011 clocks in St. John's went back from 00:01 to 23:01: there the date on the wall itself falls for an hour.
  test('never falls when time goes on', () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: 0, max: 3 * MICROS_PER_DAY }), ({ zone, instant }, laterMicros) => {
        const later = instant + laterMicros;
        expect(start(zone, later)).toBeGreaterThanOrEqual(start(zone, instant));
      }),
      { numRuns: RUNS, examples: [[{ zone: 'America/St_Johns', instant: 562_127_459_999_999 }, 1]] },
    );
  });
});
