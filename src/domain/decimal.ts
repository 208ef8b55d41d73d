import Big from 'big.js';

/**
 * The exact decimal type of the program: big.js in strict mode, which throws on a JavaScript number, so that no float can
 * slip into an amount. Addition, subtraction and multiplication are exact; division needs a stated scale, so rating keeps
 * fractions as numerator and denominator and divides once, last.
 */
export type Decimal = Big;

const DecimalConstructor = Big();
DecimalConstructor.strict = true;
// Plain notation for every magnitude a bill can hold: no exponents on a wire.
DecimalConstructor.PE = 1_000;
DecimalConstructor.NE = -1_000;

const PLAIN_DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** Reads a plain decimal (`-12.50`) or a bigint exactly. Throws `RangeError` on exponents, blanks, NaN or a number. */
export function decimal(value: string | bigint | Decimal): Decimal {
  if (typeof value === 'bigint') return new DecimalConstructor(value.toString());
  if (typeof value === 'string' && !PLAIN_DECIMAL.test(value)) {
    throw new RangeError(`not a plain decimal: ${JSON.stringify(value)}`);
  }
  return new DecimalConstructor(value);
}

/** Writes a decimal in its one canonical form: no exponent, no trailing zeros of a fraction, `0` never `-0`. */
export function decimalText(value: Decimal): string {
  return value.eq('0') ? '0' : value.toString();
}

/** True for a string that `decimal` accepts. */
export function isPlainDecimal(text: string): boolean {
  return PLAIN_DECIMAL.test(text);
}

export const ZERO: Decimal = decimal('0');
