import { type EpochMicros, formatInstant, type InstantText } from './instant.ts';
import type { TimeWindow } from './timeline.ts';

/** A half-open period on a wire. */
export interface PeriodTexts {
  readonly start: InstantText;
  readonly end: InstantText;
}

/** A half-open part of a period on a wire. */
export interface SpanTexts {
  readonly from: InstantText;
  readonly to: InstantText;
}

/** A period as answers and the inputs of rating have it. */
export function periodTexts({ startMicros, endMicros }: TimeWindow): PeriodTexts {
  return { start: formatInstant(startMicros), end: formatInstant(endMicros) };
}

/** A part of a period as the inputs of rating have it. */
export function fromToTexts(part: { readonly fromMicros: EpochMicros; readonly toMicros: EpochMicros }): SpanTexts {
  return { from: formatInstant(part.fromMicros), to: formatInstant(part.toMicros) };
}
