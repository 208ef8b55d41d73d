import type { InstantText } from '../domain/instant.ts';
import type { FixedQuantityPrice } from '../domain/plan.ts';
import { type Exact, exact, ZERO } from './exact.ts';
import { priceFixedQuantity, type QuantityChange } from './fixed-quantity.ts';
import type { HeldQuantity } from './inputs.ts';
import { type FeePeriod, shareOfPeriod, type TimeSpan } from './proration.ts';

/** How many more of a fixed quantity are held from an instant on; the first change is what is held at the beginning. */
export interface HeldChange {
  readonly at: InstantText;
  /** Negative where it became fewer. */
  readonly units: Exact;
}

/** What is held at a span's start and by how much it changes within; where nothing is said, none is held. */
export function heldChanges(span: TimeSpan, held: readonly HeldQuantity[]): readonly HeldChange[] {
  const changes: HeldChange[] = [];
  let [count, end] = [ZERO, span.from];
  const become = (at: InstantText, quantity: Exact): void => {
    if (!quantity.equals(count)) changes.push({ at, units: quantity.minus(count) });
    count = quantity;
  };
  for (const { from, to, quantity } of held) {
    if (from !== end) become(end, ZERO);
    become(from, exact(quantity));
    end = to;
  }
  if (end !== span.to) become(end, ZERO);
  return changes;
}

/** A change with what it costs, exact and not yet rounded; negative where it gives back. */
export interface PricedChange extends HeldChange {
  /** The part of the period for which it is paid: what was left of the span. */
  readonly left: Exact;
  readonly amount: Exact;
}

/**
 * Prices changes one by one, each for what is left of a span: what comes is charged, what goes is given back.
 *
 * Throws `UnpricedQuantityError` where the price covers no such quantity.
 *
 * @param changes in order of time, all within the span
 * @param span for which is paid
 * @param period that the price is for
 */
export function pricedChanges(
  price: FixedQuantityPrice,
  changes: readonly HeldChange[],
  span: TimeSpan,
  period: FeePeriod,
): readonly PricedChange[] {
  const made: QuantityChange[] = [];
  const feeShare = shareOfPeriod(span, period);
  let before = ZERO;
  return changes.map(({ at, units }) => {
    const left = shareOfPeriod({ from: at, to: span.to }, period);
    made.push({ units, proratedUnits: units.times(left) });
    const { amount: after } = priceFixedQuantity(price, made, feeShare);
    const amount = after.minus(before);
    before = after;
    return { at, units, left, amount };
  });
}
