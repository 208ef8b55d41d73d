import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  formatInstant,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  requireInstant,
  type EpochMicros,
} from '../../src/domain/instant.ts';
import { offsetChange, offsetMicros, wallAt } from '../../src/domain/calendar-zone.ts';
import {
  dayStart,
  hourStart,
  monthStart,
  periodAfter,
  periodAt,
  type BillingCalendar,
} from '../../src/domain/period.ts';

const ZONES = [
  'UTC',
  'Asia/Kathmandu',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Apia',
  'Africa/Casablanca',
  'Asia/Beirut',
];

const FIRST = requireInstant('1975-01-01T00:00:00Z');
const LAST = requireInstant('2060-01-01T00:00:00Z');

/** Enough to meet every zone's changes; a defect here was shrunk within the first hundred. */
const RUNS = 1_000;
const WEEK = 7 * MICROS_PER_DAY;

/** The next change of clocks in the year after an instant, or the instant: mistakes live around them. */
function nextChange(zone: string, instant: EpochMicros): EpochMicros {
  for (let week = 0; week < 53; week += 1) {
    const from = instant + week * WEEK;
    if (offsetMicros(zone, from) !== offsetMicros(zone, from + WEEK)) return offsetChange(zone, from, from + WEEK);
  }
  return instant;
}

interface Moment {
  readonly zone: string;
  readonly instant: EpochMicros;
}

const instants = fc.integer({ min: FIRST, max: LAST });
const aroundMicros = fc.oneof(
  fc.constantFrom(-1, 0, 1),
  fc.integer({ min: -12, max: 12 }).map((quarters) => quarters * 15 * MICROS_PER_MINUTE),
  fc.integer({ min: -2 * MICROS_PER_DAY, max: 2 * MICROS_PER_DAY }),
);
/** Moments of any zone, half of them around a change of its clocks. */
const moments: fc.Arbitrary<Moment> = fc
  .record({ zone: fc.constantFrom(...ZONES), anywhere: instants, isEdge: fc.boolean(), around: aroundMicros })
  .map(({ zone, anywhere, isEdge, around }) => ({
    zone,
    instant: (isEdge ? nextChange(zone, anywhere) : anywhere) + around,
  }));

/** A calendar that begins at one moment, and an instant to ask for: near a change of clocks, or anywhere. */
const questions = fc
  .record({
    start: moments,
    length: fc.constantFrom('year' as const, 'month', 'week', 'day', 'hour', 'minute'),
    anywhere: instants,
    isEdge: fc.boolean(),
    around: aroundMicros,
  })
  .map(({ start, length, anywhere, isEdge, around }) => {
    const calendar: BillingCalendar = {
      timeZone: start.zone,
      anchor: formatInstant(start.instant),
      length,
      endsAt: null,
    };
    return { calendar, instant: (isEdge ? nextChange(start.zone, anywhere) : anywhere) + around };
  });

describe('periods', () => {
  test('every instant from the anchor on is in exactly one period, and periods follow each other', () => {
    fc.assert(
      fc.property(questions, ({ calendar, instant }) => {
        const period = periodAt(calendar, instant);
        if (instant < requireInstant(calendar.anchor)) {
          expect(period).toBeUndefined();
          return;
        }
        if (period === undefined) throw new Error('no period');
        expect(period.startMicros).toBeLessThanOrEqual(instant);
        expect(instant).toBeLessThan(period.endMicros);
        const next = periodAfter(calendar, period);
        expect(next?.startMicros).toBe(period.endMicros);
        expect(next?.ordinal).toBeGreaterThan(period.ordinal);
        for (const inside of [period.startMicros, period.endMicros - 1]) {
          expect(periodAt(calendar, inside)).toEqual(period);
        }
      }),
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
        expect(wallUnit(zone, begin)).toBe(wallUnit(zone, instant));
        expect(start(zone, begin)).toBe(begin);
        expect(start(zone, begin - 1)).toBeLessThan(begin);
      }),
      { numRuns: RUNS },
    );
  });

  // Until 2011 clocks in St. John's went back from 00:01 to 23:01: there the date on the wall itself falls for an hour.
  test('never falls when time goes on, unless the date on the wall itself falls', () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: 0, max: 3 * MICROS_PER_DAY }), ({ zone, instant }, laterMicros) => {
        const later = instant + laterMicros;
        const isDateFalling = unit !== 'hour' && wallUnit(zone, later) < wallUnit(zone, instant);
        if (isDateFalling) expect(start(zone, later)).toBeLessThan(start(zone, instant));
        else expect(start(zone, later)).toBeGreaterThanOrEqual(start(zone, instant));
      }),
      { numRuns: RUNS, examples: [[{ zone: 'America/St_Johns', instant: 562_127_459_999_999 }, 1]] },
    );
  });
});
