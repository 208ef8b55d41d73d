import { describe, expect, test } from 'vitest';

import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import {
  periodAfter,
  periodAt,
  periodBoundary,
  periodName,
  periodNumber,
  type BillingCalendar,
} from '../../src/domain/period.ts';

function calendar(changes: Partial<BillingCalendar>): BillingCalendar {
  return { timeZone: 'UTC', anchor: '2024-01-31T00:00:00Z', length: 'month', endsAt: null, ...changes };
}

function boundaries(of: BillingCalendar, count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => formatInstant(periodBoundary(of, first + index)));
}

describe('boundaries keep the day of the anchor', () => {
  test('and clamp in a short month, after which the 31st comes back', () => {
    expect(boundaries(calendar({}), 6)).toEqual([
      '2024-01-31T00:00:00Z',
      '2024-02-29T00:00:00Z',
      '2024-03-31T00:00:00Z',
      '2024-04-30T00:00:00Z',
      '2024-05-31T00:00:00Z',
      '2024-06-30T00:00:00Z',
    ]);
  });

  test('across leap years', () => {
    expect(boundaries(calendar({ anchor: '2024-02-29T12:00:00Z', length: 'year' }), 5)).toEqual([
      '2024-02-29T12:00:00Z',
      '2025-02-28T12:00:00Z',
      '2026-02-28T12:00:00Z',
      '2027-02-28T12:00:00Z',
      '2028-02-29T12:00:00Z',
    ]);
  });

  test('backwards too', () => {
    expect(boundaries(calendar({ anchor: '2024-03-31T00:00:00Z' }), 3, -2)).toEqual([
      '2024-01-31T00:00:00Z',
      '2024-02-29T00:00:00Z',
      '2024-03-31T00:00:00Z',
    ]);
  });

  test('to the microsecond', () => {
    const of = calendar({ anchor: '2024-01-31T00:00:00.000001Z' });
    expect(boundaries(of, 2)).toEqual(['2024-01-31T00:00:00.000001Z', '2024-02-29T00:00:00.000001Z']);
  });
});

describe('boundaries keep the time on the wall of the tenant', () => {
  test('Kathmandu: midnight is 18:15 UTC of the day before', () => {
    const of = calendar({ timeZone: 'Asia/Kathmandu', anchor: '2024-01-30T18:15:00Z' });
    expect(boundaries(of, 3)).toEqual(['2024-01-30T18:15:00Z', '2024-02-28T18:15:00Z', '2024-03-30T18:15:00Z']);
  });

  test('New York: midnight moves by an hour in UTC when clocks change', () => {
    const of = calendar({ timeZone: 'America/New_York', anchor: '2024-03-01T05:00:00Z' });
    expect(boundaries(of, 2)).toEqual(['2024-03-01T05:00:00Z', '2024-04-01T04:00:00Z']);
  });

  test('a time that the wall never shows is as far behind the change', () => {
    // 02:30 on 31 March 2024 does not exist in Berlin: 03:30 summer time.
    const of = calendar({ timeZone: 'Europe/Berlin', anchor: '2024-03-30T01:30:00Z', length: 'day' });
    expect(boundaries(of, 3)).toEqual(['2024-03-30T01:30:00Z', '2024-03-31T01:30:00Z', '2024-04-01T00:30:00Z']);
  });

  test('a time that the wall shows twice is the first', () => {
    const of = calendar({ timeZone: 'Europe/Berlin', anchor: '2024-10-26T00:30:00Z', length: 'day' });
    expect(boundaries(of, 3)).toEqual(['2024-10-26T00:30:00Z', '2024-10-27T00:30:00Z', '2024-10-28T01:30:00Z']);
  });

  test('but the anchor is its own instant, also the second time the wall shows it', () => {
    const of = calendar({ timeZone: 'Europe/Berlin', anchor: '2024-10-27T01:30:00Z', length: 'day' });
    expect(boundaries(of, 2)).toEqual(['2024-10-27T01:30:00Z', '2024-10-28T01:30:00Z']);
  });

  test('midnight that the wall skips: the day begins with the change', () => {
    // São Paulo, 4 November 2018: from 00:00 clocks went to 01:00.
    const of = calendar({ timeZone: 'America/Sao_Paulo', anchor: '2018-11-03T03:00:00Z', length: 'day' });
    expect(boundaries(of, 3)).toEqual(['2018-11-03T03:00:00Z', '2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z']);
  });

  test('hours and minutes are exact spans, also where clocks change', () => {
    const of = calendar({ timeZone: 'Europe/Berlin', anchor: '2024-10-27T00:00:00Z', length: 'hour' });
    expect(boundaries(of, 4)).toEqual([
      '2024-10-27T00:00:00Z',
      '2024-10-27T01:00:00Z',
      '2024-10-27T02:00:00Z',
      '2024-10-27T03:00:00Z',
    ]);
    expect(boundaries(calendar({ anchor: '2024-01-01T00:00:30Z', length: 'minute' }), 2, 1_000_000)).toEqual([
      '2025-11-25T10:40:30Z',
      '2025-11-25T10:41:30Z',
    ]);
  });
});

describe('the period of an instant', () => {
  const of = calendar({ endsAt: '2024-04-15T00:00:00Z' });
  const at = (instant: string) => periodAt(of, requireInstant(instant));

  test('its start belongs to it, its end to the next', () => {
    expect(at('2024-02-29T00:00:00Z')?.ordinal).toBe(1);
    expect(at('2024-02-28T23:59:59.999999Z')?.ordinal).toBe(0);
    expect(at('2024-03-30T23:59:59.999999Z')?.ordinal).toBe(1);
    expect(at('2024-03-31T00:00:00Z')?.ordinal).toBe(2);
  });

  test('there is none before the anchor, nor at or after the end', () => {
    expect(at('2024-01-30T23:59:59.999999Z')).toBeUndefined();
    expect(at('2024-04-14T23:59:59.999999Z')?.ordinal).toBe(2);
    expect(at('2024-04-15T00:00:00Z')).toBeUndefined();
    expect(at('2030-01-01T00:00:00Z')).toBeUndefined();
  });

  test('the last one is cut', () => {
    expect(periodNumber(of, 2)).toEqual({
      startMicros: requireInstant('2024-03-31T00:00:00Z'),
      endMicros: requireInstant('2024-04-15T00:00:00Z'),
      ordinal: 2,
    });
    expect(periodNumber(of, 3)).toBeUndefined();
    expect(periodNumber(of, -1)).toBeUndefined();
  });

  test('an end on a boundary leaves no empty period behind it', () => {
    const cut = calendar({ anchor: '2023-11-01T00:00:00Z', endsAt: '2023-12-01T00:00:00Z' });
    expect(periodNumber(cut, 0)?.endMicros).toBe(requireInstant('2023-12-01T00:00:00Z'));
    expect(periodNumber(cut, 1)).toBeUndefined();
  });

  test('is named by its start', () => {
    expect(periodName({ startMicros: requireInstant('2023-11-01T00:00:00.5Z') })).toBe('2023-11-01T00:00:00.500000Z');
  });

  test('a day that the zone skipped is no period, and the walk goes past it', () => {
    const apia = calendar({ timeZone: 'Pacific/Apia', anchor: '2011-12-28T10:00:00Z', length: 'day' });
    expect(periodNumber(apia, 2)).toBeUndefined();
    const second = periodNumber(apia, 1);
    expect(second && periodAfter(apia, second)).toMatchObject({
      ordinal: 3,
      startMicros: requireInstant('2011-12-30T10:00:00Z'),
    });
  });

  test('an unknown zone is an error, not UTC', () => {
    expect(() => periodBoundary(calendar({ timeZone: 'Mars/Olympus' }), 1)).toThrow(/not an IANA time zone/);
  });
});
