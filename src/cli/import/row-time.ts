import { DateTime, IANAZone } from 'luxon';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,64})?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const WALL_CLOCK = /^(\d{4})-(\d{2})-(\d{2})[ Tt](\d{2}):(\d{2}):(\d{2})(\.\d{1,64})?$/;

/** The forms `occurredAtOf` takes, for messages. */
export const TIME_FORMS = 'RFC 3339 (2026-11-20T10:30:15.5Z), or YYYY-MM-DD HH:MM:SS with an optional fraction';

/** Whether a name is a time zone of the IANA database. */
export function isTimeZone(zone: string): boolean {
  return IANAZone.isValidZone(zone);
}

/**
 * Reads the time of a row as an RFC 3339 instant, keeping all digits of its fraction; the service floors them to the microsecond.
 * A time without a zone is wall-clock time of `zone`. One that the clock never showed (a gap of daylight saving) is `undefined`, as is
 * anything else that cannot be read; one that it showed twice is taken the first time.
 */
export function occurredAtOf(text: string, zone: string): string | undefined {
  const trimmed = text.trim();
  if (RFC_3339.test(trimmed)) return isDate(trimmed) ? trimmed : undefined;
  const match = WALL_CLOCK.exec(trimmed);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const local = DateTime.fromObject({ year, month, day, hour, minute, second }, { zone });
  // Luxon moves a time inside a gap: then the clock reads differently from what was asked. It also takes 24:00:00.
  if (!local.isValid || local.hour !== hour || local.minute !== minute) return undefined;
  const [utc = local] = local.getPossibleOffsets().toSorted((a, b) => a.toMillis() - b.toMillis());
  return `${utc.toUTC().toFormat("yyyy-MM-dd'T'HH:mm:ss")}${match[7] ?? ''}Z`;
}

/** Refuses the 30th of February here, where line and column can be named. */
function isDate(rfc3339: string): boolean {
  const { isValid } = DateTime.fromISO(rfc3339.slice(0, 19).toUpperCase(), { zone: 'UTC' });
  return isValid && !rfc3339.slice(11).startsWith('24');
}
