import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { exact } from '../../src/rating/exact.ts';
import { roundTo, roundToMinor } from '../../src/rating/rounding.ts';

describe('rounding is half away from zero', () => {
  test.each([
    ['8.5', 0, '9'],
    ['-8.5', 0, '-9'],
    ['8.4999999999999999999999', 0, '8'],
    ['1.23455', 4, '1.2346'],
    ['-0.125', 2, '-0.13'],
    ['0.125', 2, '0.13'],
    ['-0.004', 2, '0'],
    ['2.5', 0, '3'],
    ['1.005', 2, '1.01'],
    ['123456789012345678901234567890.125', 2, '123456789012345678901234567890.13'],
  ])('%s to %i digits is %s', (amount, exponent, expected) => {
    expect(roundTo(exact(amount), exponent).text).toBe(expected);
  });

  test.each([
    ['51.179922', 'USD', 5118n],
    ['-0.005', 'USD', -1n],
    ['0.004', 'USD', 0n],
    ['20.5', 'JPY', 21n],
    ['0.0005', 'KWD', 1n],
    ['90071992547409930.005', 'USD', 9007199254740993001n],
  ])('%s %s is %s in the smallest unit', (amount, currency, expected) => {
    expect(roundToMinor(exact(amount), currency)).toBe(expected);
  });

  test('agrees with integer arithmetic on every amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (thousandths) => {
        const magnitude = thousandths < 0n ? -thousandths : thousandths;
        const cents = (magnitude + 5n) / 10n;
        const amount = exact(thousandths).times(exact('0.001'));
        expect(roundToMinor(amount, 'USD')).toBe(thousandths < 0n ? -cents : cents);
      }),
    );
  });
});
