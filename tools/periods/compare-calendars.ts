import { formatInstant, MICROS_PER_HOUR, MICROS_PER_MINUTE } from '../../src/domain/instant.ts';
import { type BillingCalendar, type Period, periodAfter, periodAt, periodBoundary } from '../../src/domain/period.ts';
import type { ClockSpan } from './clock-table.ts';
import { type CalendarLength, instantOf, movedWall, type WallTime, wallOf } from './reference-boundary.ts';

/** What is compared of one zone. */
export interface Extent {
  readonly fromYear: number;
  readonly years: number;
  /** Days of January that calendars begin on, by length. */
  readonly anchorDays: Readonly<Record<CalendarLength, readonly number[]>>;
}

/** What a comparison has found. */
export interface Comparison {
  readonly calendars: number;
  readonly periods: number;
  /** Sentences, each a period that is not as the reference has it. */
  readonly differences: readonly string[];
}

/** One zone, with its clock as a table that reaches a year beyond both ends of the extent. */
export interface ZoneClock {
  readonly timeZone: string;
  readonly table: readonly ClockSpan[];
}

const MICROS_PER_MS = 1_000;
/** By the wall: midnight, in the hour that clocks skip, noon with a fraction, and the end of the day. */
const TIMES_OF_DAY = [0, 9_000_000_000, 43_200_123_456, 86_399_999_999] as const;
const LENGTHS: readonly CalendarLength[] = ['year', 'month', 'week', 'day'];
/** A zone whose every period differs is told by its first ones. */
const DIFFERENCES_MAX = 20;

/** Walks every calendar of a zone through its periods and compares each with the reference. */
export function compareZone(zone: ZoneClock, extent: Extent): Comparison {
  const endMicros = Date.UTC(extent.fromYear + extent.years, 0, 1) * MICROS_PER_MS;
  const results = [
    ...LENGTHS.flatMap((length) =>
      anchorsOf(zone, extent, length).map((anchor) => compareCalendar(zone, length, anchor, endMicros)),
    ),
    ...compareExactLengths(zone, extent),
  ];
  return {
    calendars: results.length,
    periods: results.reduce((sum, { periods }) => sum + periods, 0),
    differences: results.flatMap(({ differences }) => differences).slice(0, DIFFERENCES_MAX),
  };
}

/** Days of January at several times, 29 February, and instants that the wall shows twice or follows a skipped hour. */
function anchorsOf({ table }: ZoneClock, { fromYear, anchorDays }: Extent, length: CalendarLength): number[] {
  const days = anchorDays[length].map((day, index): WallTime => {
    return { year: fromYear, month: 1, day, timeOfDayMicros: TIMES_OF_DAY[index % TIMES_OF_DAY.length] ?? 0 };
  });
  const leapDay: WallTime = { year: fromYear, month: 2, day: 29, timeOfDayMicros: 0 };
  const walls = fromYear % 4 === 0 && length !== 'day' ? [...days, leapDay] : days;
  const changes = length === 'month' ? table.slice(1).filter(({ fromMs }) => fromMs >= Date.UTC(fromYear, 0, 1)) : [];
  const aroundChanges = changes.slice(0, 2).flatMap(({ fromMs }) => {
    return [-1, 0, 30 * MICROS_PER_MINUTE].map((distance) => fromMs * MICROS_PER_MS + distance);
  });
  return [...walls.map((wall) => instantOf(table, wall)), ...aroundChanges];
}

function compareCalendar(zone: ZoneClock, length: CalendarLength, anchor: number, endMicros: number): Comparison {
  const calendar: BillingCalendar = { timeZone: zone.timeZone, anchor: formatInstant(anchor), length, endsAt: null };
  const wall = wallOf(zone.table, anchor);
  const differences: string[] = [];
  let periods = 0;
  let startMicros = anchor;
  for (let ordinal = 1; startMicros < endMicros && differences.length < DIFFERENCES_MAX; ordinal += 1) {
    const next = instantOf(zone.table, movedWall(wall, length, ordinal));
    const boundary = periodBoundary(calendar, ordinal);
    if (boundary !== next)
      differences.push(differenceOf(calendar, startMicros, next, [{ startMicros, endMicros: boundary }]));
    // A local day that the zone skipped has no period.
    if (next === startMicros) continue;
    const isWalked = periods % WALKED_EACH === 0 || isNearChange(zone, startMicros, next);
    if (isWalked) differences.push(...walkedDifferences(calendar, startMicros, next));
    periods += 1;
    startMicros = next;
  }
  return { calendars: 1, periods, differences };
}

/** Every boundary is compared; looking a period up by an instant costs ten times as much, so that is done for one of so many. */
const WALKED_EACH = 25;
const TWO_DAYS_MICROS = 172_800_000_000;

function isNearChange({ table }: ZoneClock, startMicros: number, endMicros: number): boolean {
  return table.some(({ fromMs }) => {
    const change = fromMs * MICROS_PER_MS;
    const isIn = change > startMicros && change < endMicros;
    return isIn && (change - startMicros < TWO_DAYS_MICROS || endMicros - change < TWO_DAYS_MICROS);
  });
}

/** The period must be found by its first and by its last microsecond, and the one after it must begin where it ends. */
function walkedDifferences(calendar: BillingCalendar, startMicros: number, endMicros: number): string[] {
  const found = [periodAt(calendar, startMicros), periodAt(calendar, endMicros - 1)];
  const [first] = found;
  const after = first === undefined ? undefined : periodAfter(calendar, first);
  const isSame = found.every((one) => one?.startMicros === startMicros && one.endMicros === endMicros);
  if (isSame && after?.startMicros === endMicros) return [];
  return [differenceOf(calendar, startMicros, endMicros, [...found, after])];
}

function differenceOf(
  { timeZone, anchor, length }: BillingCalendar,
  startMicros: number,
  endMicros: number,
  found: readonly (Pick<Period, 'startMicros' | 'endMicros'> | undefined)[],
): string {
  const said = found.map((one) => (one === undefined ? 'none' : textOf(one.startMicros, one.endMicros)));
  return `${timeZone}, each ${length} from ${anchor}: ${said.join(', ')} instead of ${textOf(startMicros, endMicros)}`;
}

function textOf(startMicros: number, endMicros: number): string {
  return `${formatInstant(startMicros)} to ${formatInstant(endMicros)}`;
}

/** Hours and minutes take no notice of clocks: compared for a day around each change. */
function compareExactLengths({ timeZone, table }: ZoneClock, { fromYear }: Extent): Comparison[] {
  const anchorMicros = Date.UTC(fromYear, 0, 31, 23, 59) * MICROS_PER_MS;
  return (['hour', 'minute'] as const).map((length) => {
    const lengthMicros = length === 'hour' ? MICROS_PER_HOUR : MICROS_PER_MINUTE;
    const calendar = { timeZone, anchor: formatInstant(anchorMicros), length, endsAt: null };
    const differences: string[] = [];
    let periods = 0;
    for (const { fromMs } of table.filter((span) => span.fromMs * MICROS_PER_MS > anchorMicros + MICROS_PER_HOUR)) {
      const before = Math.floor((fromMs * MICROS_PER_MS - anchorMicros) / lengthMicros) - 2;
      for (let ordinal = before; ordinal < before + 4; ordinal += 1) {
        const startMicros = anchorMicros + ordinal * lengthMicros;
        differences.push(...walkedDifferences(calendar, startMicros, startMicros + lengthMicros));
        periods += 1;
      }
    }
    return { calendars: 1, periods, differences };
  });
}
