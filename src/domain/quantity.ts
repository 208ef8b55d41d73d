/**
 * Quantities. A metered value is kept as an integer of the meter's smallest unit: value × 10^scale, at most 2^53 − 1, so
 * that Redis, Lua, JavaScript and PostgreSQL all hold it exactly. On every wire it is a decimal string of whole units.
 */

/** A metered value × 10^scale. Always a safe integer, never negative. */
export type ScaledQuantity = number;

/** Digits behind the point that a meter keeps, 0 to 9. */
export type Scale = number;

export const SCALE_MAX = 9;

const PLAIN_QUANTITY = /^(0|[1-9]\d*)(?:\.(\d+))?$/;

/**
 * Reads a quantity as ingest takes it: a JSON number that is a safe integer, or a string of plain ASCII digits with perhaps
 * a point. Answers `undefined` for anything else: signs, exponents in a string, digits past the scale, a scaled value past
 * 2^53 − 1. Zeros past the scale are allowed. The rule is the conformance page's ("quantity").
 */
export function parseQuantity(value: unknown, scale: Scale): ScaledQuantity | undefined {
  if (typeof value === 'number') return scaleInteger(value, scale);
  if (typeof value !== 'string') return undefined;
  if (scale === 0 && isShortInteger(value)) return Number(value);
  const match = PLAIN_QUANTITY.exec(value);
  if (match === null) return undefined;
  const [, whole = '0', fraction = ''] = match;
  const kept = fraction.slice(0, scale).padEnd(scale, '0');
  if (/[1-9]/.test(fraction.slice(scale))) return undefined;
  return boundedInteger(whole + kept);
}

/** Digits of which every number is safe. */
const SHORT_INTEGER_DIGITS_MAX = 15;
const DIGIT_0 = 48;
const DIGIT_9 = 57;

/** The plainest of quantities, without a regular expression. `false`: the whole rule decides. */
function isShortInteger(text: string): boolean {
  if (text.length === 0 || text.length > SHORT_INTEGER_DIGITS_MAX) return false;
  if (text.length > 1 && text.charCodeAt(0) === DIGIT_0) return false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < DIGIT_0 || code > DIGIT_9) return false;
  }
  return true;
}

function scaleInteger(value: number, scale: Scale): ScaledQuantity | undefined {
  if (!Number.isSafeInteger(value) || value < 0) return undefined;
  if (scale === 0) return value === 0 ? 0 : value;
  return boundedInteger(String(value) + '0'.repeat(scale));
}

const DIGITS_MAX = 16;

function boundedInteger(digits: string): ScaledQuantity | undefined {
  const significant = digits.replace(/^0+(?=\d)/, '');
  if (significant.length > DIGITS_MAX) return undefined;
  // At most 16 digits: the product of the parse is exact below 2^53, and isSafeInteger refuses what is not.
  const integer = Number(significant);
  return Number.isSafeInteger(integer) ? integer : undefined;
}

/**
 * Writes a scaled integer as the decimal string of whole units: `1500` at scale 3 is `"1.5"`. Takes the integer as text too,
 * because totals leave Redis and PostgreSQL as strings and may be larger than a safe integer. A leading minus is kept
 * (drift may be negative).
 */
export function scaledText(scaled: ScaledQuantity | bigint | string, scale: Scale): string {
  const text = String(scaled);
  if (scale === 0 && typeof scaled === 'number') return text;
  const negative = text.startsWith('-');
  const digits = (negative ? text.slice(1) : text).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  const plain = fraction === '' ? whole : `${whole}.${fraction}`;
  return negative && plain !== '0' ? `-${plain}` : plain;
}
