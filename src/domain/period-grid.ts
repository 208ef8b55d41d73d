import { addToWall, wallDistance } from './calendar-arithmetic.ts';
import { instantOfWall, wallAt } from './calendar-zone.ts';
import {
  formatInstant,
  requireInstant,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  type EpochMicros,
  type InstantText,
} from './instant.ts';
import type { PeriodLength } from './period-length.ts';

/** Boundaries that are counted from one anchor for ever, in both directions. A calendar that changes is several of these. */
export interface PeriodGrid {
  /** IANA name, checked with `isTimeZone`. */
  readonly timeZone: string;
  readonly anchor: InstantText;
  readonly length: PeriodLength;
}

const EXACT_LENGTHS: Readonly<Partial<Record<PeriodLength, number>>> = {
  hour: MICROS_PER_HOUR,
  minute: MICROS_PER_MINUTE,
};

/** The estimate of an ordinal is off by one for clamped months, by two where the zone skipped a day. */
const ORDINAL_CORRECTIONS_MAX = 4;

/**
 * The boundary with this number, 0 being the anchor. Every one is counted from the anchor's wall time in the zone, so the 31st comes
 * back after a short month and noon stays noon across a change of clocks. Hours and minutes are exact spans.
 */
export function gridBoundary(grid: PeriodGrid, ordinal: number): EpochMicros {
  const anchor = requireInstant(grid.anchor);
  const exact = EXACT_LENGTHS[grid.length];
  if (exact !== undefined) return anchor + ordinal * exact;
  // The anchor is its own instant, also where the wall clock showed it twice.
  if (ordinal === 0) return anchor;
  const length = grid.length as Exclude<PeriodLength, 'hour' | 'minute'>;
  return instantOfWall(grid.timeZone, addToWall(wallAt(grid.timeZone, anchor), length, ordinal));
}

/** The number of the last boundary that is not after an instant. */
export function gridOrdinal(grid: PeriodGrid, instant: EpochMicros): number {
  let ordinal = estimatedOrdinal(grid, instant);
  for (let correction = 0; correction <= ORDINAL_CORRECTIONS_MAX; correction += 1) {
    if (gridBoundary(grid, ordinal) > instant) ordinal -= 1;
    else if (gridBoundary(grid, ordinal + 1) <= instant) ordinal += 1;
    else return ordinal;
  }
  throw new Error(`no period of ${JSON.stringify(grid)} holds ${formatInstant(instant)}: the estimate is too far off`);
}

function estimatedOrdinal(grid: PeriodGrid, instant: EpochMicros): number {
  const anchor = requireInstant(grid.anchor);
  const exact = EXACT_LENGTHS[grid.length];
  if (exact !== undefined) return Math.floor((instant - anchor) / exact);
  const length = grid.length as Exclude<PeriodLength, 'hour' | 'minute'>;
  return wallDistance(wallAt(grid.timeZone, anchor), wallAt(grid.timeZone, instant), length);
}
