import { type Decimal, decimal, decimalText } from '../domain/decimal.ts';
import { type AmountMinor, type CurrencyCode, currencyExponent } from '../domain/money.ts';

/**
 * The one place of the program that rounds an amount, and the one rule: half away from zero, to the digits of the currency,
 * once per line. Everything before it is exact.
 */

/** big.js's name for half away from zero. */
const HALF_AWAY_FROM_ZERO = 1;

/** Rounds to `exponent` digits behind the point: −0.125 at 2 is −0.13. */
export function roundTo(amount: Decimal, exponent: number): Decimal {
  return amount.round(exponent, HALF_AWAY_FROM_ZERO);
}

/** Rounds an amount in major units to the currency's smallest unit: 51.179922 USD is 5118n. */
export function roundToMinor(amount: Decimal, currency: CurrencyCode): AmountMinor {
  const exponent = currencyExponent(currency);
  return BigInt(decimalText(roundTo(amount, exponent).times(decimal(10n ** BigInt(exponent)))));
}
