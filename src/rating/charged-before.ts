import type { InstantText } from '../domain/instant.ts';
import { allSpans } from './add-ons.ts';
import { isBefore, isWithin } from './cadence-parts.ts';
import type { FeeSpan, RatedSpan, RatingInputs } from './inputs.ts';

/**
 * The instants before the period at which something fell due of a fee with a cadence of its own that this bill gives back in part: where
 * the fee's part began, and where its fixed quantities changed. Empty for nearly every bill. What the bills of those instants asked for
 * belongs into the inputs (`feeBills`). In order, each once.
 */
export function chargedBefore(
  inputs: Pick<RatingInputs, 'period' | 'spans' | 'addOns' | 'endedPlans'>,
): readonly InstantText[] {
  const { period, endedPlans = [] } = inputs;
  const held = allSpans(inputs).filter(({ trial }) => trial !== true);
  const dues = [...held, ...endedPlans].flatMap(({ planVersion, fees = [] }) =>
    fees.filter((fee) => givesBack(fee, period)).flatMap((fee) => duesOf(planVersion, fee)),
  );
  return [...new Set(dues)].filter((at) => isBefore(at, period.start)).toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
}

/** Whether a bill may give back something of a fee: its part ends before its period does, or its quantities change. */
function givesBack(fee: FeeSpan, period: RatingInputs['period']): boolean {
  const isCut = isBefore(fee.to, fee.period.end);
  const window = { from: period.start, to: isBefore(fee.to, period.end) ? fee.to : period.end };
  return isCut || changesOf(fee).some((at) => isWithin(at, window));
}

function duesOf({ baseFeeDue }: RatedSpan['planVersion'], fee: FeeSpan): readonly InstantText[] {
  return baseFeeDue === 'advance' || fee.quantities !== undefined ? [fee.from, ...changesOf(fee)] : [];
}

function changesOf({ quantities = [] }: FeeSpan): readonly InstantText[] {
  return quantities.flatMap(({ from, to }) => [from, to]);
}
