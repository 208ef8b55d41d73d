import { type Decimal, decimalText } from '../domain/decimal.ts';

/**
 * How many whole packages of `divisor` hold `dividend`, a started one counting whole. Exact: both are brought to integers, so
 * that no quotient is ever cut off. `dividend` is not negative, `divisor` is positive.
 */
export function ceilingQuotient(dividend: Decimal, divisor: Decimal): bigint {
  const fractionDigits = Math.max(digitsBehindPoint(dividend), digitsBehindPoint(divisor));
  const numerator = shifted(dividend, fractionDigits);
  const denominator = shifted(divisor, fractionDigits);
  if (numerator < 0n || denominator <= 0n) {
    throw new RangeError(`cannot cut ${decimalText(dividend)} into packages of ${decimalText(divisor)}`);
  }
  return (numerator + denominator - 1n) / denominator;
}

function digitsBehindPoint(value: Decimal): number {
  return decimalText(value).split('.')[1]?.length ?? 0;
}

function shifted(value: Decimal, digits: number): bigint {
  const [whole = '0', fraction = ''] = decimalText(value).split('.');
  return BigInt(whole + fraction.padEnd(digits, '0'));
}
