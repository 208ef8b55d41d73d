import { isPlainDecimal } from '../domain/decimal.ts';
import { exact } from './exact.ts';
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
  if (text.startsWith('-'))
    return [{ path, message: `${text} is negative: prices, fees and quantities are 0 or more` }];
  return [];
}

/** Checks a size or divisor of a plan. @param zeroMessage what is wrong with zero */
export function checkPositive(text: string, path: string, zeroMessage: string): Problem[] {
  const problems = checkAmount(text, path);
  return problems.length === 0 && exact(text).isZero ? [{ path, message: zeroMessage }] : problems;
}

const MINOR_UNITS = /^(?:0|[1-9]\d{0,30})$/;

/** Whether a text is an amount in minor units that is not negative. */
export function isMinorUnits(text: string): boolean {
  return MINOR_UNITS.test(text);
}

const PERCENT_MAX = exact('100');

/** Checks a share in percent that cannot be more than the whole, as of a discount. */
export function checkShare(text: string, path: string): Problem[] {
  const problems = checkAmount(text, path);
  if (problems.length > 0 || !exact(text).isAbove(PERCENT_MAX)) return problems;
  return [{ path, message: `${text} % is more than the whole: at most 100 is possible` }];
}
