/**
 * The clock of a time zone as a table, read from `Intl` alone: what the reference of periods looks up instead of asking the library
 * that the program asks.
 */

/** A span in which the wall clock does not change its distance to UTC. Half-open, milliseconds. */
export interface ClockSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly offsetMs: number;
}

const DAY_MS = 86_400_000;

/** Every span of a zone between two instants, in order, without gaps. */
export function clockTable(timeZone: string, fromMs: number, toMs: number): ClockSpan[] {
  const offsetAt = offsetReader(timeZone);
  const table: ClockSpan[] = [];
  let spanStart = fromMs;
  let offsetMs = offsetAt(fromMs);
  for (let at = fromMs; at < toMs; at += DAY_MS) {
    const next = Math.min(at + DAY_MS, toMs);
    if (offsetAt(next) === offsetMs) continue;
    const change = firstInstantWith(offsetAt, at, next);
    table.push({ fromMs: spanStart, toMs: change, offsetMs });
    spanStart = change;
    offsetMs = offsetAt(change);
  }
  return [...table, { fromMs: spanStart, toMs, offsetMs }];
}

/** The first instant behind `from` that has the offset of `to`. */
function firstInstantWith(offsetAt: (atMs: number) => number, from: number, to: number): number {
  const offset = offsetAt(to);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === offset) high = middle;
    else low = middle;
  }
  return high;
}

/** What the wall clock shows, less what UTC shows. */
function offsetReader(timeZone: string): (atMs: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return (atMs) => {
    // "11/21/2026, 18:05:59": every part at a known place.
    const shown = /^(\d\d)\/(\d\d)\/(\d{4}), (\d\d):(\d\d):(\d\d)$/.exec(format.format(atMs));
    if (shown === null) throw new Error(`Intl writes ${format.format(atMs)} for ${timeZone}`);
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = shown.slice(1).map(Number);
    const wholeSecond = Math.floor(atMs / 1_000) * 1_000;
    return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecond;
  };
}
