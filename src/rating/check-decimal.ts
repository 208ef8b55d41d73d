import { isPlainDecimal } from '../domain/decimal.ts';
import type { Problem } from './problem.ts';

/** Longer numbers are mistakes, and exact arithmetic on them would only grow. */
const DECIMAL_CHARACTERS_MAX = 40;

/** Checks a price, fee or quantity of a plan: a plain decimal, not negative, of a sane length. */
export function checkAmount(text: string, path: string): Problem[] {
  if (text.length > DECIMAL_CHARACTERS_MAX) {
    return [{ path, message: `longer than ${DECIMAL_CHARACTERS_MAX} characters` }];
  }
  if (!isPlainDecimal(text)) {
    return [{ path, message: `${JSON.stringify(text)} is not a plain decimal such as "0.25"` }];
  }
  if (text.startsWith('-')) return [{ path, message: `${text} is negative` }];
  return [];
}
