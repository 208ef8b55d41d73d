import { IANAZone } from 'luxon';

import type { EpochMicros } from './instant.ts';

/**
 * Time zones: the offset of an instant, and the instants of a wall time. Together with `calendar-arithmetic.ts` the only place
 * that knows luxon, so that workflow bundles, which import other files of this folder, do without it.
 */

/** A wall time as if it were UTC: microseconds since 1970-01-01T00:00:00 on the clock on the wall. */
export type WallMicros = number;

const MICROS_PER_MILLISECOND = 1_000;
const MICROS_PER_OFFSET_MINUTE = 60_000_000;
/** No zone changes its clock twice within two days, and no offset is larger than this. */
const TRANSITION_MARGIN_MICROS = 24 * 60 * MICROS_PER_OFFSET_MINUTE;
/** Halvings that bring two days of microseconds down to one. */
const SEARCH_STEPS_MAX = 64;

const IANA_NAME = /^[A-Za-z][A-Za-z0-9_+/-]*$/;

/**
 * True for an IANA name such as `Asia/Kathmandu` or `UTC`. Bare offsets (`+05:45`) are not names: PostgreSQL reads their sign
 * the other way round.
 */
export function isTimeZone(name: string): boolean {
  return IANA_NAME.test(name) && IANAZone.isValidZone(name);
}

function zoneOf(timeZone: string): IANAZone {
  const zone = IANAZone.create(timeZone);
  if (!zone.isValid) throw new RangeError(`not an IANA time zone: ${JSON.stringify(timeZone)}`);
  return zone;
}

/** How far the wall clock is ahead of UTC at an instant, in microseconds. Throws `RangeError` for an unknown zone. */
export function offsetMicros(timeZone: string, instant: EpochMicros): number {
  const minutes = zoneOf(timeZone).offset(Math.floor(instant / MICROS_PER_MILLISECOND));
  // Offsets before 1972 may have seconds: luxon then answers a fraction of minutes.
  return Math.round(minutes * MICROS_PER_OFFSET_MINUTE);
}

/** What the clock on the wall shows at an instant. */
export function wallAt(timeZone: string, instant: EpochMicros): WallMicros {
  return instant + offsetMicros(timeZone, instant);
}

/**
 * The instant at which the wall clock shows `wall`. Shown twice (clocks go back): the first time. Never shown (clocks go
 * forward): as far behind the change as `wall` is behind its beginning, so 02:30 becomes 03:30.
 */
export function instantOfWall(timeZone: string, wall: WallMicros): EpochMicros {
  const before = offsetMicros(timeZone, wall - TRANSITION_MARGIN_MICROS);
  const after = offsetMicros(timeZone, wall + TRANSITION_MARGIN_MICROS);
  const shown = [wall - before, wall - after].filter((instant) => wallAt(timeZone, instant) === wall);
  return shown.length === 0 ? wall - before : Math.min(...shown);
}

/** The first instant at which the wall clock shows `wall` or later: where a local day or month begins, even inside a gap. */
export function firstInstantFrom(timeZone: string, wall: WallMicros): EpochMicros {
  const instant = instantOfWall(timeZone, wall);
  const isGap = wallAt(timeZone, instant) !== wall;
  return isGap ? offsetChange(timeZone, instant - TRANSITION_MARGIN_MICROS, instant) : instant;
}

/**
 * The instant in `(from, to]` from which the offset is the one at `to`. The offsets at both ends differ, and there is one
 * change between them.
 */
export function offsetChange(timeZone: string, from: EpochMicros, to: EpochMicros): EpochMicros {
  const offsetAfter = offsetMicros(timeZone, to);
  let low = from;
  let high = to;
  for (let step = 0; step < SEARCH_STEPS_MAX && high - low > 1; step += 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (offsetMicros(timeZone, middle) === offsetAfter) high = middle;
    else low = middle;
  }
  return high;
}
