import { expect, test } from 'vitest';

import { occurredAtOf } from '../../src/cli/import/row-time.ts';

test.each([
  ['2023-11-16 18:17:03.9799600', 'UTC', '2023-11-16T18:17:03.9799600Z'],
  ['2023-11-16T18:17:03', 'UTC', '2023-11-16T18:17:03Z'],
  ['2023-11-16T18:17:03.123456789+05:45', 'UTC', '2023-11-16T18:17:03.123456789+05:45'],
  [' 2023-11-16 00:00:00 ', 'Asia/Kathmandu', '2023-11-15T18:15:00Z'],
  ['2023-07-01 12:00:00.5', 'Europe/Zurich', '2023-07-01T10:00:00.5Z'],
])('%s in %s is %s', (text, zone, expected) => {
  expect(occurredAtOf(text, zone)).toBe(expected);
});

test('a time that the clock showed twice is taken the first time', () => {
  expect(occurredAtOf('2023-10-29 02:30:00', 'Europe/Zurich')).toBe('2023-10-29T00:30:00Z');
});

test.each([
  ['2023-03-26 02:30:00', 'Europe/Zurich'],
  ['2023-02-30 12:00:00', 'UTC'],
  ['2023-02-30T12:00:00Z', 'UTC'],
  ['2023-02-28 24:00:00', 'UTC'],
  ['2023-02-28', 'UTC'],
  ['1700158623', 'UTC'],
  ['', 'UTC'],
])('%s in %s cannot be read', (text, zone) => {
  expect(occurredAtOf(text, zone)).toBeUndefined();
});
