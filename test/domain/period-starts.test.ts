import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { formatInstant, MICROS_PER_DAY, requireInstant } from '../../src/domain/instant.ts';
import { type BillingCalendar, ordinalAt, periodBoundary } from '../../src/domain/period.ts';
import {
  billedInAdvance,
  daysBetween,
  daysLater,
  monthsFromDay,
  startAfter,
  startsFromAnchor,
  startsTouching,
} from '../../src/domain/period-starts.ts';

const at = requireInstant;

function calendar(anchor: string, changes: Partial<BillingCalendar> = {}): BillingCalendar {
  return { timeZone: 'UTC', anchor, length: 'month', endsAt: null, ...changes };
}

function texts(instants: readonly number[]): string[] {
  return instants.map(formatInstant);
}

describe('starts from the anchor', () => {
  test('come back to the 31st after a short month', () => {
    expect(texts(startsFromAnchor(calendar('2025-12-31T00:00:00Z'), 3))).toEqual([
      '2025-12-31T00:00:00Z',
      '2026-01-31T00:00:00Z',
      '2026-02-28T00:00:00Z',
      '2026-03-31T00:00:00Z',
    ]);
  });

  test('are bounded', () => {
    expect(() => startsFromAnchor(calendar('2025-12-31T00:00:00Z'), 9_001)).toThrow(
      '9001 periods; at most 9000 are listed at once',
    );
  });
});

describe('starts that touch a window', () => {
  test('go backwards from the anchor', () => {
    const window = [at('2023-12-31T00:00:00Z'), at('2024-03-01T00:00:00Z')] as const;
    expect(texts(startsTouching(calendar('2024-03-31T00:00:00Z'), ...window))).toEqual([
      '2023-12-31T00:00:00Z',
      '2024-01-31T00:00:00Z',
      '2024-02-29T00:00:00Z',
    ]);
  });

  test('leave out the one at its end, which it does not touch', () => {
    const starts = startsTouching(
      calendar('2024-01-05T00:00:00Z'),
      at('2024-01-05T00:00:00Z'),
      at('2024-02-05T00:00:00Z'),
    );
    expect(texts(starts)).toEqual(['2024-01-05T00:00:00Z']);
  });

  test('of no length touches the period that it lies in', () => {
    const instant = at('2024-01-20T00:00:00Z');
    expect(texts(startsTouching(calendar('2024-01-05T00:00:00Z'), instant, instant))).toEqual(['2024-01-05T00:00:00Z']);
  });

  test.each(['year', 'month', 'week', 'day', 'hour'] as const)(
    'hold every instant, by the %s, in any zone',
    (length) => {
      const zones = fc.constantFrom('UTC', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Kiritimati', 'Europe/Berlin');
      const instants = fc.integer({ min: at('1990-01-01T00:00:00Z'), max: at('2050-01-01T00:00:00Z') });
      fc.assert(
        fc.property(zones, instants, instants, (timeZone, anchor, instant) => {
          const one = calendar(formatInstant(anchor), { timeZone, length });
          const ordinal = ordinalAt(one, instant);
          expect(periodBoundary(one, ordinal)).toBeLessThanOrEqual(instant);
          expect(periodBoundary(one, ordinal + 1)).toBeGreaterThan(instant);
        }),
        { numRuns: 300 },
      );
    },
  );
});

describe('months from a day of the month', () => {
  test.each([
    ['2026-02-28T00:00:00Z', 31, '2026-03-31T00:00:00Z'],
    ['2026-01-31T00:00:00Z', 31, '2026-02-28T00:00:00Z'],
    ['2026-01-30T23:59:59Z', 31, '2026-01-31T00:00:00Z'],
    ['1999-12-31T12:00:00Z', 1, '2000-01-01T00:00:00Z'],
    ['2028-02-01T00:00:00Z', 29, '2028-02-29T00:00:00Z'],
  ])('after %s on day %i comes %s', (from, day, expected) => {
    expect(formatInstant(startAfter(monthsFromDay('UTC', day), at(from)))).toBe(expected);
  });

  test('begin at the midnight of their zone', () => {
    const start = startAfter(monthsFromDay('Asia/Kathmandu', 15), at('2026-05-01T00:00:00Z'));
    expect(formatInstant(start)).toBe('2026-05-14T18:15:00Z');
  });

  test.each([0, 32, 1.5])('have no day %d', (day) => {
    expect(() => monthsFromDay('UTC', day)).toThrow(RangeError);
  });
});

describe('what is billed in advance', () => {
  const fifteenth = monthsFromDay('UTC', 15);

  test('is the beginning, and every start after it up to and with the last day', () => {
    const billed = billedInAdvance(fifteenth, at('2026-01-10T00:00:00Z'), at('2026-02-15T00:00:00Z'));
    expect(texts(billed)).toEqual(['2026-01-10T00:00:00Z', '2026-01-15T00:00:00Z', '2026-02-15T00:00:00Z']);
  });

  test('is the beginning once where that is a start', () => {
    const billed = billedInAdvance(fifteenth, at('2026-01-15T00:00:00Z'), at('2026-02-14T00:00:00Z'));
    expect(texts(billed)).toEqual(['2026-01-15T00:00:00Z']);
  });

  test('is nothing before the beginning', () => {
    expect(billedInAdvance(fifteenth, at('2026-01-15T00:00:00Z'), at('2026-01-14T00:00:00Z'))).toEqual([]);
  });
});

describe('days', () => {
  test('later keep the time of day over a change of clocks', () => {
    const later = daysLater('Europe/Berlin', at('2026-03-28T11:00:00Z'), 1);
    expect(formatInstant(later)).toBe('2026-03-29T10:00:00Z');
    expect(daysLater('Europe/Berlin', later, -1)).toBe(at('2026-03-28T11:00:00Z'));
  });

  test('are counted from local date to local date', () => {
    expect(daysBetween('America/New_York', at('2024-11-02T00:00:00Z'), at('2024-11-04T00:00:00Z'))).toBe(2);
    expect(daysBetween('Pacific/Kiritimati', at('2026-01-01T09:59:00Z'), at('2026-01-01T10:00:00Z'))).toBe(1);
    expect(daysBetween('UTC', at('2026-01-02T00:00:00Z'), at('2026-01-01T23:59:59Z'))).toBe(-1);
  });

  test('from one to so many days later are so many, in any zone', () => {
    const zones = fc.constantFrom('UTC', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Europe/Berlin');
    const instants = fc.integer({ min: 10_000, max: 30_000 });
    fc.assert(
      fc.property(zones, instants, fc.integer({ min: -800, max: 800 }), (timeZone, day, days) => {
        const midnight = day * MICROS_PER_DAY;
        expect(daysBetween(timeZone, midnight, daysLater(timeZone, midnight, days))).toBe(days);
      }),
      { numRuns: 500 },
    );
  });
});
