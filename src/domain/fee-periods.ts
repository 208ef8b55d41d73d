import { formatInstant, type EpochMicros } from './instant.ts';
import type { PeriodLength } from './period-length.ts';
import { startAfter, startsTouching } from './period-starts.ts';
import type { TimelineItem, TimeWindow } from './timeline.ts';

/** The periods that fees with a cadence of their own are for. Not for workflows, as `period.ts`. */

/** What decides the periods of a fee: the rules are those of a billing calendar, with an anchor of its own. */
export interface FeeCalendar {
  /** IANA name. */
  readonly timeZone: string;
  readonly anchorMicros: EpochMicros;
  readonly every: PeriodLength;
}

/** The part of a fee's period in which something holds. Never empty. */
export interface FeePart {
  /** The whole period of the fee. */
  readonly period: TimeWindow;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
}

/**
 * The parts of a fee's periods in which something holds, in order of time: those that reach into a window, each as long as it is and not cut by
 * the window. Nothing before the anchor. Throws `RangeError` for more than 9,000.
 */
export function feePartsWithin(
  { timeZone, anchorMicros, every }: FeeCalendar,
  held: TimelineItem,
  window: TimeWindow,
): readonly FeePart[] {
  const heldFrom = Math.max(held.fromMicros, anchorMicros);
  const heldTo = held.toMicros ?? Infinity;
  const [from, to] = [Math.max(heldFrom, window.startMicros), Math.min(heldTo, window.endMicros)];
  if (from >= to) return [];
  const calendar = { timeZone, anchor: formatInstant(anchorMicros), length: every, endsAt: null };
  const starts = startsTouching(calendar, from, to);
  const parts = starts.map((startMicros): FeePart => {
    const endMicros = startAfter(calendar, startMicros);
    return {
      period: { startMicros, endMicros },
      fromMicros: Math.max(heldFrom, startMicros),
      toMicros: Math.min(heldTo, endMicros),
    };
  });
  // A local day that the zone skipped begins where the next one does, and is that one.
  return parts.filter((part, index) => part.period.startMicros !== parts[index - 1]?.period.startMicros);
}
