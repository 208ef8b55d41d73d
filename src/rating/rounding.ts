import { type AmountMinor, type CurrencyCode, currencyExponent, formatMinor } from '../domain/money.ts';
import { type Exact, exact } from './exact.ts';

/**
 * The one place of the program that rounds an amount, and the one rule: half away from zero, to the digits of the currency,
 * once per line. Everything before it is exact.
 */

/** Rounds to `exponent` digits behind the point: −0.125 at 2 is −0.13. */
export function roundTo(amount: Exact, exponent: number): Exact {
  return amount.rounded(exponent);
}

/** Rounds an amount in major units to the currency's smallest unit: 51.179922 USD is 5118n. */
export function roundToMinor(amount: Exact, currency: CurrencyCode): AmountMinor {
  const exponent = currencyExponent(currency);
  return BigInt(roundTo(amount, exponent).times(exact(10n ** BigInt(exponent))).text);
}

/** Minor units as an exact amount of major units. */
export function minorToExact(amountMinor: AmountMinor, currency: CurrencyCode): Exact {
  return exact(formatMinor(amountMinor, currency));
}
