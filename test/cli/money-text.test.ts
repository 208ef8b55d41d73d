import { expect, test } from 'vitest';

import { amountText } from '../../src/cli/money-text.ts';
import { formatMinor } from '../../src/domain/money.ts';

test.each([
  ['8592', 'USD', '85.92'],
  ['-5', 'USD', '-0.05'],
  ['123456789', 'EUR', '1,234,567.89'],
  ['-123456', 'USD', '-1,234.56'],
  ['1234567', 'JPY', '1,234,567'],
  ['1234567', 'KWD', '1,234.567'],
  ['1234567', 'HUF', '12,345.67'],
  ['9007199254740993', 'USD', '90,071,992,547,409.93'],
])('%s minor units of %s are shown as %s', (minor, currency, text) => {
  expect(amountText(minor, currency)).toBe(text);
});

test('every currency is shown with the digits in which it is billed', () => {
  const differing = Intl.supportedValuesOf('currency').filter(
    (currency) => amountText('1234567', currency).replaceAll(',', '') !== formatMinor(1_234_567n, currency),
  );
  expect(differing).toEqual([]);
});
