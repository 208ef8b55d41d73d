/** An ISO 4217 currency code in upper case. */
export type CurrencyCode = string;

/** An amount in the currency's smallest unit (cents for USD), exact, may be negative. Travels as a decimal string. */
export type AmountMinor = bigint;

/**
 * Currencies whose ISO 4217 exponent is not 2 (ISO 4217 table A.1). Stripe's departures from it live in `src/stripe`.
 * Four-decimal units of account (CLF, UYW) are left out on purpose: nobody is invoiced in them.
 */
const EXPONENTS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0]),
  ),
  ...Object.fromEntries('BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3])),
};

/** Digits behind the point of a currency's amounts: 2 for USD, 0 for JPY, 3 for KWD. */
export function currencyExponent(currency: CurrencyCode): number {
  return EXPONENTS[currency] ?? 2;
}

/** Writes minor units in major units with all digits of the currency: 8592n USD is `"85.92"`, −5n is `"-0.05"`. */
export function formatMinor(amountMinor: AmountMinor, currency: CurrencyCode): string {
  const exponent = currencyExponent(currency);
  const negative = amountMinor < 0n;
  const digits = (negative ? -amountMinor : amountMinor).toString().padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const fraction = digits.slice(digits.length - exponent);
  return `${negative ? '-' : ''}${whole}${exponent === 0 ? '' : `.${fraction}`}`;
}
