import { formatInstant } from '../../src/domain/instant.ts';
import {
  type BillingCalendar,
  type CalendarChange,
  fullPeriod,
  periodAt,
  periodBoundary,
} from '../../src/domain/period.ts';
import type { Comparison, Extent, ZoneClock } from './compare-calendars.ts';
import { type CalendarLength, instantOf, movedWall, type WallTime, wallOf } from './reference-boundary.ts';

/** Calendars that change their anchor and length, compared with starts that are listed part by part. */

const MICROS_PER_MS = 1_000;
const DIFFERENCES_MAX = 20;
/** Boundaries that a part has of its own anchor at most. */
const PART_BOUNDARIES_MAX = 1_000;

/** What periods are counted by from a boundary on, and after how many of its own another part begins. */
interface Part {
  readonly anchor: number;
  readonly length: CalendarLength;
  readonly periods: number;
}

/** The start of a period, and of the full one that it is a part of. */
interface Start {
  readonly startMicros: number;
  readonly fullStartMicros: number;
}

/** For each day of the month: from it to the day 13 later in months, then to weeks, to the years of the 29th of February, and back. */
export function compareChanges(zone: ZoneClock, extent: Extent): Comparison {
  const results = extent.anchorDays.month.map((day) => {
    const [first, second] = [anchorOf(zone, extent, day, 0), anchorOf(zone, extent, ((day + 12) % 31) + 1, 9)];
    const rest = extent.years * 12 - 80;
    return compareParts(zone, [
      { anchor: first, length: 'month', periods: 7 },
      { anchor: second, length: 'month', periods: 19 },
      { anchor: anchorOf(zone, extent, 5, 2.5), length: 'week', periods: 60 },
      { anchor: anchorOf(zone, extent, 31, 0), length: 'year', periods: 2 },
      { anchor: first, length: 'month', periods: Math.max(rest, 3) },
    ]);
  });
  return {
    calendars: results.length,
    periods: results.reduce((sum, { periods }) => sum + periods, 0),
    differences: results.flatMap(({ differences }) => differences).slice(0, DIFFERENCES_MAX),
  };
}

/** A day of January at some hour by the wall. */
function anchorOf({ table }: ZoneClock, { fromYear }: Extent, day: number, hour: number): number {
  const wall: WallTime = { year: fromYear, month: 1, day, timeOfDayMicros: hour * 3_600_000_000 };
  return instantOf(table, wall);
}

function compareParts(zone: ZoneClock, parts: readonly Part[]): Comparison {
  const starts: Start[] = [];
  const changes: CalendarChange[] = [];
  for (const part of parts) {
    const last = starts.pop()?.startMicros ?? part.anchor;
    if (starts.length > 0) {
      const { anchor, length } = part;
      changes.push({ ordinal: starts.length, startsAt: formatInstant(last), anchor: formatInstant(anchor), length });
    }
    starts.push(...startsOfPart(zone, part, last));
  }
  const [first] = parts;
  const calendar: BillingCalendar = {
    timeZone: zone.timeZone,
    anchor: formatInstant(first?.anchor ?? 0),
    length: first?.length ?? 'month',
    endsAt: null,
    changes,
  };
  const differences = starts.flatMap((start, ordinal) => differencesAt(calendar, start, starts[ordinal + 1], ordinal));
  return { calendars: 1, periods: starts.length - 1, differences };
}

/** The start of a part, and its own boundaries behind it; the last of them is where the next part begins. */
function startsOfPart({ table }: ZoneClock, { anchor, length, periods }: Part, from: number): Start[] {
  const wall = wallOf(table, anchor);
  const starts: Start[] = [];
  let before = from;
  for (let count = -PART_BOUNDARIES_MAX; count < PART_BOUNDARIES_MAX && starts.length <= periods; count += 1) {
    const moved = movedWall(wall, length, count);
    // The table reaches a year beyond the extent: no part begins earlier than that.
    if (Date.UTC(moved.year, moved.month - 1, moved.day - 2) < (table[0]?.fromMs ?? 0)) continue;
    const boundary = count === 0 ? anchor : instantOf(table, moved);
    if (boundary > from) {
      if (starts.length === 0) starts.push({ startMicros: from, fullStartMicros: before });
      starts.push({ startMicros: boundary, fullStartMicros: boundary });
    } else before = boundary;
  }
  return starts;
}

function differencesAt(calendar: BillingCalendar, start: Start, next: Start | undefined, ordinal: number): string[] {
  if (next === undefined) return [];
  const { startMicros, fullStartMicros } = start;
  const endMicros = next.startMicros;
  const found = [periodAt(calendar, startMicros), periodAt(calendar, endMicros - 1)];
  const [period] = found;
  const isSame =
    periodBoundary(calendar, ordinal) === startMicros &&
    found.every((one) => one?.startMicros === startMicros && one.endMicros === endMicros && one.ordinal === ordinal) &&
    period !== undefined &&
    fullPeriod(calendar, period).startMicros === fullStartMicros;
  if (isSame) return [];
  const texts = [startMicros, endMicros].map((micros) => new Date(micros / MICROS_PER_MS).toISOString()).join(' to ');
  return [`${JSON.stringify(calendar)}: period ${ordinal} is not ${texts}`];
}
