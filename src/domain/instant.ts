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
