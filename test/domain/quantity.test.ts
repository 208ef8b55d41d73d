import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseQuantity, scaledText, SCALE_MAX } from '../../src/domain/quantity.ts';

const LARGEST = Number.MAX_SAFE_INTEGER;

describe('a quantity is read as an integer of the smallest unit', () => {
  test.each([
    [1, 0, 1],
    [0, 0, 0],
    [-0, 0, 0],
    [-0, 3, 0],
    [LARGEST, 0, LARGEST],
    [5, 3, 5_000],
    ['5', 3, 5_000],
    ['0.25', 2, 25],
    ['0.2500', 2, 25],
    ['1.0', 0, 1],
    ['0.000000001', 9, 1],
    ['9007199254740991', 0, LARGEST],
    ['9007199.254740991', 9, LARGEST],
    ['1.' + '0'.repeat(40), 0, 1],
  ])('%j at scale %i is %i', (value, scale, expected) => {
    expect(parseQuantity(value, scale)).toBe(expected);
  });

  test.each([
    ['a fraction as a JSON number', 0.5, 3],
    ['a negative number', -1, 0],
    ['a number past 2^53 − 1', LARGEST + 1, 0],
    ['a number past it when scaled', LARGEST, 1],
    ['text past 2^53 − 1', '9007199254740992', 0],
    ['text past it when scaled', '9007199254740992', 1],
    ['very long text', '9'.repeat(400), 0],
    ['more digits than the scale', '0.251', 2],
    ['a sign', '+1', 0],
    ['a minus', '-1', 0],
    ['an exponent', '1e3', 0],
    ['a leading zero', '01', 0],
    ['a bare point', '1.', 0],
    ['a point in front', '.5', 1],
    ['blanks', ' 1', 0],
    ['a line break', '1\n', 0],
    ['nothing', '', 0],
    ['hexadecimal', '0x10', 0],
    ['digits of another script', '\uFF11', 0],
    ['not a number', Number.NaN, 0],
    ['infinity', Number.POSITIVE_INFINITY, 0],
    ['null', null, 0],
    ['true', true, 0],
    ['a list', [1], 0],
  ])('%s is refused', (_what, value, scale) => {
    expect(parseQuantity(value, scale)).toBeUndefined();
  });
});

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.nat(LARGEST), fc.integer({ min: 0, max: SCALE_MAX }), (scaled, scale) => {
      expect(parseQuantity(scaledText(scaled, scale), scale)).toBe(scaled);
    }),
  );
});

test.each([
  [1_500, 3, '1.5'],
  [0, 3, '0'],
  [5, 3, '0.005'],
  [1_000, 3, '1'],
  [7, 0, '7'],
  ['-5', 3, '-0.005'],
  [-1_500n, 3, '-1.5'],
  ['-0', 3, '0'],
  ['123456789012345678901234567890', 9, '123456789012345678901.23456789'],
])('%s at scale %i is written %s', (scaled, scale, expected) => {
  expect(scaledText(scaled, scale)).toBe(expected);
});

test('a short whole number is read by the same rule as every other', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9.+e ]{0,17}$/), (text) => {
      const isWhole = /^(0|[1-9][0-9]*)$/.test(text) && BigInt(text) <= BigInt(LARGEST);
      const isFraction = /^(0|[1-9][0-9]*)[.]0+$/.test(text);
      const expected = isWhole || isFraction ? Number(text) : undefined;
      expect(parseQuantity(text, 0)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});
