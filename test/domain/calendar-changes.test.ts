import { describe, expect, test } from 'vitest';

import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import {
  type BillingCalendar,
  type CalendarChange,
  fullPeriod,
  ordinalAt,
  periodAfter,
  periodAt,
  periodBoundary,
  periodNumber,
} from '../../src/domain/period.ts';

/** Months from the 17th of November; from the fourth of them on, of the first. */
const TO_THE_FIRST: CalendarChange = {
  ordinal: 3,
  startsAt: '2024-02-17T00:00:00Z',
  anchor: '2025-01-01T00:00:00Z',
  length: 'month',
};

function calendar(changes: readonly CalendarChange[], more: Partial<BillingCalendar> = {}): BillingCalendar {
  return { timeZone: 'UTC', anchor: '2023-11-17T00:00:00Z', length: 'month', endsAt: null, changes, ...more };
}

function boundaries(of: BillingCalendar, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) =>
    formatInstant(periodBoundary(of, first + index)).replace('T00:00:00Z', ''),
  );
}

function spanOf(of: BillingCalendar, instant: string): string {
  const period = periodAt(of, requireInstant(instant));
  if (period === undefined) return 'none';
  const full = fullPeriod(of, period);
  const texts = [period.startMicros, period.endMicros, full.startMicros, full.endMicros].map((at) =>
    formatInstant(at).replace('T00:00:00Z', ''),
  );
  return `${period.ordinal}: ${texts[0]} to ${texts[1]} of ${texts[2]} to ${texts[3]}`;
}

describe('a calendar whose anchor changes', () => {
  test('has one shorter period, and then those of the new anchor', () => {
    expect(boundaries(calendar([TO_THE_FIRST]), -1, 6)).toEqual([
      '2023-10-17',
      '2023-11-17',
      '2023-12-17',
      '2024-01-17',
      '2024-02-17',
      '2024-03-01',
      '2024-04-01',
      '2024-05-01',
    ]);
  });

  test('finds the period of every instant, and what it is a part of', () => {
    const of = calendar([TO_THE_FIRST]);
    expect(spanOf(of, '2023-11-16T23:59:59.999999Z')).toBe('none');
    expect(spanOf(of, '2024-02-16T23:59:59.999999Z')).toBe('2: 2024-01-17 to 2024-02-17 of 2024-01-17 to 2024-02-17');
    expect(spanOf(of, '2024-02-17T00:00:00Z')).toBe('3: 2024-02-17 to 2024-03-01 of 2024-02-01 to 2024-03-01');
    expect(spanOf(of, '2024-02-29T23:59:59.999999Z')).toBe('3: 2024-02-17 to 2024-03-01 of 2024-02-01 to 2024-03-01');
    expect(spanOf(of, '2024-03-01T00:00:00Z')).toBe('4: 2024-03-01 to 2024-04-01 of 2024-03-01 to 2024-04-01');
  });

  test('has no shorter period where the new anchor has a period that begins there', () => {
    const onGrid = { ...TO_THE_FIRST, anchor: '2024-02-17T00:00:00Z', length: 'year' as const };
    expect(boundaries(calendar([onGrid]), 2, 5)).toEqual(['2024-01-17', '2024-02-17', '2025-02-17', '2026-02-17']);
    expect(spanOf(calendar([onGrid]), '2024-03-01T00:00:00Z')).toBe(
      '3: 2024-02-17 to 2025-02-17 of 2024-02-17 to 2025-02-17',
    );
  });

  test('changes again, also in the shorter period and to another length', () => {
    const toWeeks: CalendarChange = {
      ordinal: 4,
      startsAt: '2024-03-01T00:00:00Z',
      anchor: '2024-01-01T00:00:00Z',
      length: 'week',
    };
    const back: CalendarChange = {
      ordinal: 6,
      startsAt: '2024-03-11T00:00:00Z',
      anchor: '2023-11-17T00:00:00Z',
      length: 'month',
    };
    const of = calendar([TO_THE_FIRST, toWeeks, back]);
    expect(boundaries(of, 2, 8)).toEqual([
      '2024-01-17',
      '2024-02-17',
      '2024-03-01',
      '2024-03-04',
      '2024-03-11',
      '2024-03-17',
      '2024-04-17',
    ]);
    expect(spanOf(of, '2024-03-02T00:00:00Z')).toBe('4: 2024-03-01 to 2024-03-04 of 2024-02-26 to 2024-03-04');
    expect(spanOf(of, '2024-03-11T00:00:00Z')).toBe('6: 2024-03-11 to 2024-03-17 of 2024-02-17 to 2024-03-17');
  });

  test('may change at its very beginning', () => {
    const of = calendar([{ ...TO_THE_FIRST, ordinal: 0, startsAt: '2023-11-17T00:00:00Z' }]);
    expect(boundaries(of, -1, 2)).toEqual(['2023-10-17', '2023-11-17', '2023-12-01', '2024-01-01']);
    expect(spanOf(of, '2023-11-20T00:00:00Z')).toBe('0: 2023-11-17 to 2023-12-01 of 2023-11-01 to 2023-12-01');
    expect(ordinalAt(of, requireInstant('2023-11-16T00:00:00Z'))).toBe(-1);
  });

  test('ends in a period that is short on both sides', () => {
    const of = calendar([TO_THE_FIRST], { endsAt: '2024-02-20T00:00:00Z' });
    expect(spanOf(of, '2024-02-17T00:00:00Z')).toBe('3: 2024-02-17 to 2024-02-20 of 2024-02-01 to 2024-03-01');
    const stub = periodNumber(of, 3);
    expect(stub && periodAfter(of, stub)).toBeUndefined();
    expect(periodNumber(of, 4)).toBeUndefined();
  });

  test('keeps the boundary of the change when rules of the zone have moved since', () => {
    // The third period ended at noon when the change was made; by the rules of now it would end at midnight, or at noon a day later.
    for (const startsAt of ['2024-02-16T12:00:00Z', '2024-02-18T12:00:00Z']) {
      const of = calendar([{ ...TO_THE_FIRST, startsAt }]);
      for (const instant of ['2024-02-16T11:59:59Z', '2024-02-17T00:00:00Z', '2024-02-18T11:59:59Z']) {
        const period = periodAt(of, requireInstant(instant));
        const isAfter = instant >= startsAt;
        expect(period?.ordinal).toBe(isAfter ? 3 : 2);
        expect(formatInstant((isAfter ? period?.startMicros : period?.endMicros) ?? 0)).toBe(startsAt);
      }
    }
  });
});
