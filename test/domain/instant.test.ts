import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { formatInstant, parseInstant, requireInstant } from '../../src/domain/instant.ts';

describe('an instant is read', () => {
  test.each([
    ['2026-11-20T10:30:15Z', '2026-11-20T10:30:15Z'],
    ['2026-11-20t10:30:15z', '2026-11-20T10:30:15Z'],
    ['2026-11-20T10:30:15+05:45', '2026-11-20T04:45:15Z'],
    ['2026-11-20T10:30:15-00:00', '2026-11-20T10:30:15Z'],
    ['2026-01-01T00:00:00-12:00', '2026-01-01T12:00:00Z'],
    ['2026-01-01T00:00:00+14:00', '2025-12-31T10:00:00Z'],
    ['2024-02-29T00:00:00.1Z', '2024-02-29T00:00:00.100000Z'],
    ['1970-01-01T00:00:00.000001Z', '1970-01-01T00:00:00.000001Z'],
    ['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'],
    ['1700-01-01T00:00:00Z', '1700-01-01T00:00:00Z'],
  ])('%s → %s', (text, canonical) => {
    expect(formatInstant(requireInstant(text))).toBe(canonical);
  });

  test('floored to the microsecond, so that it stays in its period', () => {
    expect(formatInstant(requireInstant('2023-11-30T23:59:59.9999999Z'))).toBe('2023-11-30T23:59:59.999999Z');
    expect(requireInstant('1969-12-31T23:59:59.9999999Z')).toBe(-1);
  });
});

describe('an instant is refused', () => {
  test.each([
    ['no zone', '2026-11-20T10:30:15'],
    ['a date alone', '2026-11-20'],
    ['30 February', '2026-02-30T00:00:00Z'],
    ['29 February of a common year', '2026-02-29T00:00:00Z'],
    ['29 February 1900', '1900-02-29T00:00:00Z'],
    ['month 13', '2026-13-01T00:00:00Z'],
    ['month 0', '2026-00-01T00:00:00Z'],
    ['day 0', '2026-01-00T00:00:00Z'],
    ['hour 24', '2026-01-01T24:00:00Z'],
    ['minute 60', '2026-01-01T00:60:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['an offset past +14:00', '2026-01-01T00:00:00+14:01'],
    ['an offset past −12:00', '2026-01-01T00:00:00-12:01'],
    ['an offset of 60 minutes', '2026-01-01T00:00:00+01:60'],
    ['an offset without colon', '2026-01-01T00:00:00+0100'],
    ['a blank for the T', '2026-01-01 00:00:00Z'],
    ['a point without digits', '2026-01-01T00:00:00.Z'],
    ['a comma', '2026-01-01T00:00:00,5Z'],
    ['blanks around', ' 2026-01-01T00:00:00Z'],
    ['a line break behind', '2026-01-01T00:00:00Z\n'],
    ['digits of another script', '\uFF12026-01-01T00:00:00Z'],
    ['the year 1', '0001-01-01T00:00:00Z'],
    ['the year 9999', '9999-01-01T00:00:00Z'],
  ])('%s', (_what, text) => {
    expect(parseInstant(text)).toBeUndefined();
    expect(() => requireInstant(text)).toThrow(RangeError);
  });
});

test('what is written is read back, every microsecond', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (micros) => {
      expect(parseInstant(formatInstant(micros))).toBe(micros);
    }),
  );
});

test('texts sort as their instants do within a resolution', () => {
  const micros = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1_000_000);
  fc.assert(
    fc.property(micros, micros, (one, other) => {
      expect(formatInstant(one) < formatInstant(other)).toBe(one < other);
    }),
  );
});

/** Digits of a part of an instant, also of some that no instant has. */
function part(max: number, length: number): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max }).map((value) => String(value).padStart(length, '0'));
}

test('the form that most senders write is read by the same rule as every other', () => {
  const fraction = fc.option(fc.stringMatching(/^[0-9]{0,9}$/), { nil: undefined });
  const parts = fc.tuple(part(2_300, 4), part(13, 2), part(32, 2), part(24, 2), part(61, 2), part(61, 2), fraction);
  fc.assert(
    fc.property(parts, ([year, month, day, hour, minute, second, digits]) => {
      const text = `${year}-${month}-${day}T${hour}:${minute}:${second}${digits === undefined ? '' : `.${digits}`}`;
      // A small letter sends the text to the regular expression.
      expect(parseInstant(`${text}Z`)).toBe(parseInstant(`${text}z`));
    }),
    { numRuns: 2_000 },
  );
});

test('a character that does not belong is refused wherever it stands', () => {
  const sound = '2026-11-20T10:30:15.123Z';
  fc.assert(
    fc.property(
      fc.nat(sound.length - 1),
      fc.constantFrom('x', '/', ':', '-', '.', ' ', '\u0660', ''),
      (place, other) => {
        const text = sound.slice(0, place) + other + sound.slice(place + 1);
        expect(parseInstant(text)).toBe(parseInstant(text.replace('T', 't')));
      },
    ),
  );
});
