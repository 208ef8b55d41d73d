import type { InstantText } from '../domain/instant.ts';
import type { FixedQuantity } from '../domain/plan.ts';
import { allSpans } from './add-ons.ts';
import { isBefore } from './cadence-parts.ts';
import type { FeeSpan, RatedSpan, RatingInputs } from './inputs.ts';
import { type HeldChange, heldChanges } from './quantity-changes.ts';

/** A fee with a cadence of its own, as far as one bill knows of it. */
interface KnownFee {
  readonly planVersion: RatedSpan['planVersion'];
  readonly fee: FeeSpan;
  /** Where the span ends through which this bill sees it, or the fee's part does. */
  readonly until: InstantText;
}

/**
 * The instants before the period at which something fell due of a fee with a cadence of its own that this bill gives back in part: where
 * the fee's part began, and where its fixed quantities changed. Empty for nearly every bill: one that only charges more waits for no other.
 * What the bills of those instants asked for belongs into the inputs (`feeBills`). In order, each once.
 */
export function chargedBefore(
  inputs: Pick<RatingInputs, 'period' | 'spans' | 'addOns' | 'endedPlans'>,
): readonly InstantText[] {
  const { start } = inputs.period;
  const dues = knownFees(inputs)
    .filter((known) => givesBack(known, start))
    .flatMap(duesOf);
  return [...new Set(dues)].filter((at) => isBefore(at, start)).toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
}

function knownFees(inputs: Pick<RatingInputs, 'spans' | 'addOns' | 'endedPlans'>): readonly KnownFee[] {
  const held = allSpans(inputs).filter(({ trial }) => trial !== true);
  return [
    ...held.flatMap(({ planVersion, to, fees = [] }) =>
      fees.map((fee) => ({ planVersion, fee, until: isBefore(fee.to, to) ? fee.to : to })),
    ),
    ...(inputs.endedPlans ?? []).flatMap(({ planVersion, fees }) =>
      fees.map((fee) => ({ planVersion, fee, until: fee.to })),
    ),
  ];
}

/** Whether a bill may give back something of a fee: its part ends before its period does, or fewer are held within the bill's time. */
function givesBack(known: KnownFee, start: InstantText): boolean {
  const { fee } = known;
  if (isBefore(fee.to, fee.period.end)) return true;
  return quantitiesOf(known).some((fixed) => {
    // By volume, one more may make all those cheaper that are there.
    const isRepricing = fixed.price.model === 'volume';
    return changesOf(known, fixed).some(({ at, units }) => !isBefore(at, start) && (isRepricing || units.isNegative));
  });
}

function duesOf(known: KnownFee): readonly InstantText[] {
  const { planVersion, fee } = known;
  if (planVersion.baseFeeDue !== 'advance' && fee.quantities === undefined) return [];
  return [fee.from, ...quantitiesOf(known).flatMap((fixed) => changesOf(known, fixed).map(({ at }) => at))];
}

function quantitiesOf({ planVersion, fee }: KnownFee): readonly FixedQuantity[] {
  return (planVersion.fixedQuantities ?? []).filter(({ every }) => every === fee.every);
}

function changesOf({ fee, until }: KnownFee, fixed: FixedQuantity): readonly HeldChange[] {
  const held = (fee.quantities ?? []).filter(({ key }) => key === fixed.key);
  return heldChanges({ from: fee.from, to: until }, held);
}
