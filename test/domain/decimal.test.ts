import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decimal, decimalText, isPlainDecimal, ZERO } from '../../src/domain/decimal.ts';

/** A plain decimal in its canonical form. */
const canonicalDecimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.stringMatching(/^\d{0,20}[1-9]$/), fc.boolean())
  .map(([whole, fraction, hasFraction]) => (hasFraction ? `${whole}.${fraction}` : `${whole}`));

describe('a decimal', () => {
  test('is read and written without loss, whatever its size', () => {
    fc.assert(
      fc.property(canonicalDecimals, (text) => {
        expect(decimalText(decimal(text))).toBe(text);
      }),
    );
  });

  test.each([
    ['1.50', '1.5'],
    ['-0', '0'],
    ['-0.00', '0'],
    ['100', '100'],
    ['0.000000000000000000001', '0.000000000000000000001'],
    ['1' + '0'.repeat(60), '1' + '0'.repeat(60)],
  ])('%s has one form: %s', (text, canonical) => {
    expect(decimalText(decimal(text))).toBe(canonical);
  });

  test.each(['', ' 1', '1 ', '1\n', '1e3', '+1', '.5', '1.', '01', 'NaN', 'Infinity', '0x1', '1,000', '--1', '\uFF11'])(
    '%j is refused',
    (text) => {
      expect(isPlainDecimal(text)).toBe(false);
      expect(() => decimal(text)).toThrow(RangeError);
    },
  );

  test('takes no JavaScript number, so that no float becomes an amount', () => {
    expect(() => decimal(0.1 as unknown as string)).toThrow();
    expect(() => ZERO.plus(0.1)).toThrow();
    expect(() => ZERO.times(1)).toThrow();
  });

  test('adds and multiplies exactly where floats do not', () => {
    expect(decimalText(decimal('0.1').plus(decimal('0.2')))).toBe('0.3');
    expect(decimalText(decimal('17059974').times(decimal('0.000003')))).toBe('51.179922');
  });

  test('takes a bigint of any size', () => {
    expect(decimalText(decimal(2n ** 100n))).toBe((2n ** 100n).toString());
  });
});
