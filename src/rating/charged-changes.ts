import type { FixedQuantityPrice, VolumePrice } from '../domain/plan.ts';
import { type Exact, ZERO } from './exact.ts';
import { volumeRate } from './fixed-quantity.ts';
import { type Charged, chargedAt, type ChargedOn, changeLots, chargedUnits, isChargedAlike } from './given-back.ts';
import type { RatingInputs } from './inputs.ts';
import type { FeePeriod, TimeSpan } from './proration.ts';
import { shareOfPeriod } from './proration.ts';
import { type HeldChange, type PricedChange, pricedChanges } from './quantity-changes.ts';

/** What part of a change costs or gives back, with where that was charged. */
export interface ChargedPart extends Charged {
  readonly amount: Exact;
}

/** A change by where what it charges or gives back was charged. */
export interface ChargedChange extends Omit<PricedChange, 'amount'> {
  /** They come to all of it. Those of no units are other prices of units that were there before, and flat fees. */
  readonly parts: readonly ChargedPart[];
}

/** The time that changes are paid for. */
export interface PaidTime {
  readonly span: TimeSpan;
  readonly period: FeePeriod;
}

/**
 * Prices changes as `pricedChanges` does, each unit that goes at what that very unit cost.
 *
 * Throws `UnpricedQuantityError` where the price covers no such quantity.
 *
 * @param changes of a part of a fee, in order of time, the first being what is held at its beginning
 */
export function chargedChanges(
  inputs: Pick<RatingInputs, 'feeBills'>,
  price: FixedQuantityPrice,
  changes: readonly HeldChange[],
  paid: PaidTime,
): readonly ChargedChange[] {
  if (price.model === 'volume') return changesByVolume(inputs, price, changes, paid);
  const charged = chargedUnits(inputs, changes);
  const single = changes.flatMap(({ at }, index) => (charged[index] ?? []).map((one) => ({ at, index, ...one })));
  const priced = pricedChanges(price, single, paid.span, paid.period);
  const parts = single.map(({ index, units, on }, place) => ({
    index,
    part: { units, on, amount: priced[place]?.amount ?? ZERO },
  }));
  const byChange = Map.groupBy(parts, ({ index }) => index);
  return changes.map(({ at, units }, index) => {
    return { at, units, left: leftFrom(at, paid), parts: (byChange.get(index) ?? []).map(({ part }) => part) };
  });
}

function leftFrom(from: string, { span, period }: PaidTime): Exact {
  return shareOfPeriod({ from, to: span.to }, period);
}

/**
 * By volume, a change may make all units dearer or cheaper that were there before. That is a matter of the bills that charged those, at the
 * share that they asked for; a flat fee that rises is charged where it does, and what it falls by is taken from what came last.
 */
function changesByVolume(
  inputs: Pick<RatingInputs, 'feeBills'>,
  price: VolumePrice,
  changes: readonly HeldChange[],
  paid: PaidTime,
): readonly ChargedChange[] {
  const feeShare = shareOfPeriod(paid.span, paid.period);
  const charged = chargedUnits(inputs, changes);
  const flatFees: Charged[] = [];
  let before: readonly Charged[] = [];
  let [count, rate] = [ZERO, { unitPrice: ZERO, flatFee: ZERO }];
  return changes.map(({ at, units }, index) => {
    count = count.plus(units);
    const next = volumeRate(price, count, feeShare);
    const [left, dearer] = [leftFrom(at, paid), next.unitPrice.minus(rate.unitPrice)];
    const moved = charged[index] ?? [];
    const flat = changeLots(flatFees, { units: next.flatFee.minus(rate.flatFee), on: chargedAt(inputs, at) });
    const parts = [
      ...before.map(({ units: prorated, on }) => ({ units: ZERO, amount: prorated.times(dearer), on })),
      ...moved.map((one) => ({ ...one, amount: one.units.times(left).times(next.unitPrice) })),
      ...flat.map(({ units: amount, on }) => ({ units: ZERO, amount, on })),
    ];
    before = moved.reduce((sums, one) => addedTo(sums, one.units.times(left), one.on), before);
    rate = next;
    return { at, units, left, parts };
  });
}

/** Prorated units by where they were charged, with more of them. */
function addedTo(sums: readonly Charged[], units: Exact, on: ChargedOn): readonly Charged[] {
  const alike = sums.find((sum) => isChargedAlike(sum.on, on));
  return [...sums.filter((sum) => sum !== alike), { units: units.plus(alike?.units ?? ZERO), on }];
}
