/**
 * Instants. Everything that decides money (period borders, event times) is an exact instant in whole microseconds, the
 * resolution PostgreSQL's `timestamptz` keeps. It is a JavaScript number because every instant between the years 1685 and
 * 2255 is a safe integer of microseconds; the parser refuses others.
 */

/** Whole microseconds since 1970-01-01T00:00:00Z. Always a safe integer. */
export type EpochMicros = number;

/** An instant on a wire (HTTP, SQL, Temporal payloads): RFC 3339 in UTC, at most six digits of fraction. */
export type InstantText = string;

export const MICROS_PER_SECOND = 1_000_000;
export const MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND;
export const MICROS_PER_HOUR = 60 * MICROS_PER_MINUTE;
export const MICROS_PER_DAY = 24 * MICROS_PER_HOUR;

const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,64}))?(?:([Zz])|([+-])(\d{2}):(\d{2}))$/;

const OFFSET_MINUTES_MIN = -12 * 60;
const OFFSET_MINUTES_MAX = 14 * 60;

/**
 * Reads an RFC 3339 instant strictly and floors it to the microsecond.
 *
 * Refused (`undefined`): dates that do not exist, leap seconds, hours past 23, offsets outside −12:00…+14:00, missing zones,
 * years whose microseconds are no safe integer. Floored, never rounded: `23:59:59.9999999Z` stays in its day (and period),
 * which PostgreSQL's own parser would round into the next one.
 */
export function parseInstant(text: string): EpochMicros | undefined {
  return parseUtcInstant(text) ?? parseAnyInstant(text);
}

const DIGIT_0 = 48;
const HYPHEN = 45;
const POINT = 46;
const COLON = 58;
const CAPITAL_T = 84;
const CAPITAL_Z = 90;
const NOT_DIGITS = -1;

function isAt(text: string, place: number, character: number): boolean {
  return text.charCodeAt(place) === character;
}

/** Reads digits at a place; `NOT_DIGITS` when another character is among them, or the text ends. */
function digitsAt(text: string, place: number, count: number): number {
  let value = 0;
  for (let index = place; index < place + count; index += 1) {
    const digit = text.charCodeAt(index) - DIGIT_0;
    // Past the end the code is NaN, which is neither.
    if (!(digit >= 0 && digit <= 9)) return NOT_DIGITS;
    value = value * 10 + digit;
  }
  return value;
}

const UTC_HEAD_CHARACTERS = '2026-11-20T10:30:15'.length;
const MINUTE_CHARACTERS = '2026-11-20T10:30:'.length;
const FRACTION_DIGITS_MAX = 6;

/** Events come in the order of time: the minute of the last one is mostly the minute of the next, and read already. */
let lastMinute = { text: '1970-01-01T00:00:', micros: 0 };

/**
 * The form that nearly every sender writes, `2026-11-20T10:30:15Z` with up to six digits of fraction, without a regular
 * expression. `undefined`: read it by the whole rule, which is the other function's.
 */
function parseUtcInstant(text: string): EpochMicros | undefined {
  const last = text.length - 1;
  if (!isAt(text, last, CAPITAL_Z)) return undefined;
  const micros = fractionAt(text, UTC_HEAD_CHARACTERS, last);
  const second = digitsAt(text, MINUTE_CHARACTERS, 2);
  if (micros < 0 || second < 0 || second > 59) return undefined;
  if (!text.startsWith(lastMinute.text)) {
    const minute = readMinute(text);
    if (minute === undefined) return undefined;
    lastMinute = { text: text.slice(0, MINUTE_CHARACTERS), micros: minute };
  }
  const instant = lastMinute.micros + second * MICROS_PER_SECOND + micros;
  return Number.isSafeInteger(instant) ? instant : undefined;
}

/** Reads what a text of the form `2026-11-20T10:30:` begins with. */
function readMinute(text: string): EpochMicros | undefined {
  const isDate = isAt(text, 4, HYPHEN) && isAt(text, 7, HYPHEN) && isAt(text, 10, CAPITAL_T);
  if (!isDate || !isAt(text, 13, COLON) || !isAt(text, 16, COLON)) return undefined;
  const hour = digitsAt(text, 11, 2);
  const minute = digitsAt(text, 14, 2);
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 2);
  const day = digitsAt(text, 8, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0) return undefined;
  const ms = wallClockMs(year, month, day, hour, minute, 0);
  return ms === undefined ? undefined : ms * 1_000;
}

/** Microseconds of a fraction between two places: none, or a point and one to six digits; `NOT_DIGITS` for anything else. */
function fractionAt(text: string, start: number, end: number): number {
  if (start === end) return 0;
  const count = end - start - 1;
  if (!isAt(text, start, POINT) || count < 1 || count > FRACTION_DIGITS_MAX) return NOT_DIGITS;
  const value = digitsAt(text, start + 1, count);
  return value < 0 ? NOT_DIGITS : value * 10 ** (FRACTION_DIGITS_MAX - count);
}

/** The whole rule, for every form it allows. */
function parseAnyInstant(text: string): EpochMicros | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zulu, sign, offsetHour, offsetMinute] = match;
  const wallMs = wallClockMs(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
  if (wallMs === undefined) return undefined;
  const offset = zulu === undefined ? offsetMinutes(sign, Number(offsetHour), Number(offsetMinute)) : 0;
  if (offset === undefined) return undefined;
  const fractionMicros = Number(fraction.slice(0, 6).padEnd(6, '0'));
  const micros = (wallMs - offset * 60_000) * 1_000 + fractionMicros;
  return Number.isSafeInteger(micros) ? micros : undefined;
}

function wallClockMs(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A date that does not exist (30 February) rolls over into another month: the round trip shows it.
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second, 0);
}

function offsetMinutes(sign: string | undefined, hours: number, minutes: number): number | undefined {
  if (minutes > 59) return undefined;
  const total = (sign === '-' ? -1 : 1) * (hours * 60 + minutes);
  return total < OFFSET_MINUTES_MIN || total > OFFSET_MINUTES_MAX ? undefined : total;
}

/** Writes an instant in its one canonical form: `2026-11-20T10:30:15Z`, with six digits of fraction only when there is one. */
export function formatInstant(micros: EpochMicros): InstantText {
  const wholeSeconds = Math.floor(micros / MICROS_PER_SECOND);
  const fraction = micros - wholeSeconds * MICROS_PER_SECOND;
  const head = new Date(wholeSeconds * 1_000).toISOString().slice(0, -5);
  return fraction === 0 ? `${head}Z` : `${head}.${String(fraction).padStart(6, '0')}Z`;
}

/** Reads an instant that this program wrote itself. Throws where `parseInstant` would answer `undefined`. */
export function requireInstant(text: InstantText): EpochMicros {
  const micros = parseInstant(text);
  if (micros === undefined) throw new RangeError(`not an RFC 3339 instant: ${JSON.stringify(text)}`);
  return micros;
}
