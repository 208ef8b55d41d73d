import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { decimal, decimalText } from '../../src/domain/decimal.ts';
import { groupedText } from '../../src/domain/grouped-text.ts';
import { currencyExponent, formatMinor } from '../../src/domain/money.ts';

test.each([
  [8592n, 'USD', '85.92'],
  [-5n, 'USD', '-0.05'],
  [0n, 'USD', '0.00'],
  [5n, 'JPY', '5'],
  [-5n, 'JPY', '-5'],
  [5n, 'KWD', '0.005'],
  [12345678901234567890n, 'EUR', '123456789012345678.90'],
])('%s of %s is written %s', (amountMinor, currency, expected) => {
  expect(formatMinor(amountMinor, currency)).toBe(expected);
});

test('minor units become major units exactly', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
      fc.constantFrom('USD', 'JPY', 'KWD'),
      (minor, code) => {
        const scaled = decimal(formatMinor(minor, code)).times((10n ** BigInt(currencyExponent(code))).toString());
        expect(decimalText(scaled)).toBe(minor.toString());
      },
    ),
  );
});

test.each([
  ['0', '0'],
  ['999', '999'],
  ['1000', '1,000'],
  ['-1000', '-1,000'],
  ['-100', '-100'],
  ['18059974.123456', '18,059,974.123456'],
])('%s is written %s for people', (plain, expected) => {
  expect(groupedText(plain)).toBe(expected);
});
