import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { dayEnd, hourEnd, localText } from '../../src/domain/calendar-hour.ts';
import { isTimeZone } from '../../src/domain/calendar-zone.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { dayStart, hourStart, monthStart } from '../../src/domain/period.ts';

const hour = (zone: string, instant: string): string => formatInstant(hourStart(zone, requireInstant(instant)));
const day = (zone: string, instant: string): string => formatInstant(dayStart(zone, requireInstant(instant)));

describe('local hours', () => {
  test('of Kathmandu begin at 15 minutes past in UTC', () => {
    expect(hour('Asia/Kathmandu', '2024-01-01T00:14:59.999999Z')).toBe('2023-12-31T23:15:00Z');
    expect(hour('Asia/Kathmandu', '2024-01-01T00:15:00Z')).toBe('2024-01-01T00:15:00Z');
  });

  test('of Berlin are there twice when clocks go back', () => {
    expect(hour('Europe/Berlin', '2024-10-27T00:59:00Z')).toBe('2024-10-27T00:00:00Z');
    expect(hour('Europe/Berlin', '2024-10-27T01:01:00Z')).toBe('2024-10-27T01:00:00Z');
  });

  test('of Lord Howe are cut where its clocks change by half an hour', () => {
    // Back from 02:00 (+11) to 01:30 (+10:30) at 15:00 UTC, so 01:30 to 02:00 is there twice.
    expect(hour('Australia/Lord_Howe', '2024-04-06T14:59:59Z')).toBe('2024-04-06T14:00:00Z');
    expect(hour('Australia/Lord_Howe', '2024-04-06T15:00:00Z')).toBe('2024-04-06T15:00:00Z');
    expect(hour('Australia/Lord_Howe', '2024-04-06T15:30:00Z')).toBe('2024-04-06T15:30:00Z');
    // On from 02:00 (+10:30) to 02:30 (+11) at 15:30 UTC.
    expect(hour('Australia/Lord_Howe', '2024-10-05T15:29:59Z')).toBe('2024-10-05T14:30:00Z');
    expect(hour('Australia/Lord_Howe', '2024-10-05T15:59:59Z')).toBe('2024-10-05T15:30:00Z');
    expect(hour('Australia/Lord_Howe', '2024-10-05T16:00:00Z')).toBe('2024-10-05T16:00:00Z');
  });

  test("of St. John's are cut where clocks changed a minute past the hour, also when they are known already", () => {
    expect(hour('America/St_Johns', '1987-10-25T02:30:30Z')).toBe('1987-10-25T02:30:00Z');
    expect(hour('America/St_Johns', '1987-10-25T02:31:30Z')).toBe('1987-10-25T02:31:00Z');
    expect(hour('America/St_Johns', '1987-10-25T02:30:59Z')).toBe('1987-10-25T02:30:00Z');
  });

  test('are the same whichever instant of them was asked first', () => {
    const zone = 'America/St_Johns';
    expect(hour(zone, '2024-05-01T00:45:00Z')).toBe('2024-05-01T00:30:00Z');
    expect(hour(zone, '2024-05-01T00:15:00Z')).toBe('2024-04-30T23:30:00Z');
    expect(hour(zone, '2024-05-01T00:46:00Z')).toBe('2024-05-01T00:30:00Z');
    expect(hour(zone, '2024-05-01T01:29:59Z')).toBe('2024-05-01T00:30:00Z');
  });
});

describe('local days', () => {
  test('begin at local midnight', () => {
    expect(day('Asia/Kathmandu', '2024-01-01T18:14:59Z')).toBe('2023-12-31T18:15:00Z');
    expect(day('Asia/Kathmandu', '2024-01-01T18:15:00Z')).toBe('2024-01-01T18:15:00Z');
  });

  test('begin at 01:00 where midnight is skipped', () => {
    expect(day('America/Sao_Paulo', '2018-11-04T12:00:00Z')).toBe('2018-11-04T03:00:00Z');
  });

  test('begin with the change where it jumps over midnight', () => {
    // Toronto, 30 March 1919: from 23:30 clocks went to 00:30.
    expect(day('America/Toronto', '1919-03-31T12:00:00Z')).toBe('1919-03-31T04:30:00Z');
  });

  test('begin at the first midnight where it is there twice', () => {
    // Havana, 3 November 2024: at 01:00 back to 00:00.
    expect(day('America/Havana', '2024-11-03T05:30:00Z')).toBe('2024-11-03T04:00:00Z');
  });

  test('have begun where clocks go back over midnight', () => {
    // Beirut, 25 October 2025: at 24:00 back to 23:00, so that the last hour of that day is there twice.
    expect(day('Asia/Beirut', '2025-10-25T20:59:59Z')).toBe('2025-10-24T21:00:00Z');
    expect(day('Asia/Beirut', '2025-10-25T21:00:00Z')).toBe('2025-10-24T21:00:00Z');
    // St. John's, 25 October 1987: at 00:01 back to 23:01 of the day before, when a minute of the new day had passed.
    expect(day('America/St_Johns', '1987-10-25T02:30:30Z')).toBe('1987-10-25T02:30:00Z');
    expect(day('America/St_Johns', '1987-10-25T03:00:00Z')).toBe('1987-10-25T02:30:00Z');
    expect(day('America/St_Johns', '1987-10-25T04:00:00Z')).toBe('1987-10-25T02:30:00Z');
  });

  test('of a month begin it', () => {
    const start = monthStart('Asia/Kathmandu', requireInstant('2024-02-29T18:14:59Z'));
    expect(formatInstant(start)).toBe('2024-01-31T18:15:00Z');
  });
});

test.each([
  ['hour', hourStart, hourEnd],
  ['day', dayStart, dayEnd],
] as const)('any %s ends where the next one begins, also where clocks change', (_unit, startOf, endOf) => {
  const moments = fc.oneof(
    fc.tuple(fc.constant('Asia/Beirut'), around('2025-10-25T21:00:00Z')),
    fc.tuple(fc.constant('Asia/Beirut'), around('2025-03-29T22:00:00Z')),
    fc.tuple(fc.constant('America/St_Johns'), around('1987-10-25T02:31:00Z')),
    fc.tuple(fc.constant('America/St_Johns'), around('2026-11-01T04:30:00Z')),
    fc.tuple(fc.constant('America/Havana'), around('2024-11-03T05:00:00Z')),
    fc.tuple(fc.constant('Australia/Lord_Howe'), around('2026-04-04T15:00:00Z')),
    fc.tuple(fc.constant('Pacific/Apia'), around('2011-12-30T10:00:00Z')),
    fc.tuple(fc.constant('Asia/Kathmandu'), around('2026-05-01T00:00:00Z')),
  );
  fc.assert(
    fc.property(moments, ([zone, instant]) => {
      const [start, end] = [startOf(zone, instant), endOf(zone, instant)];
      expect(start <= instant && instant < end).toBe(true);
      expect([startOf(zone, start), startOf(zone, end - 1), startOf(zone, end)]).toEqual([start, start, end]);
      expect(startOf(zone, start - 1)).toBeLessThan(start);
      expect(endOf(zone, start - 1)).toBe(start);
    }),
    { numRuns: 1_000 },
  );
});

function around(instant: string): fc.Arbitrary<number> {
  return fc
    .integer({ min: -3 * 24 * 60, max: 3 * 24 * 60 })
    .map((minutes) => requireInstant(instant) + minutes * 60_000_000);
}

test('an instant as people of the zone write it', () => {
  expect(localText('Asia/Kathmandu', requireInstant('2024-01-01T00:00:00Z'))).toBe('2024-01-01 05:45');
});

test.each([
  ['Asia/Kathmandu', true],
  ['UTC', true],
  ['America/Argentina/Buenos_Aires', true],
  ['Etc/GMT+5', true],
  ['Mars/Olympus', false],
  ['+05:45', false],
  ['', false],
  ['local', false],
])('%j is a time zone: %j', (name, expected) => {
  expect(isTimeZone(name)).toBe(expected);
});
