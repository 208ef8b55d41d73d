import type { FixedQuantity } from '../domain/plan.ts';
import { itemsWithin, type ItemSpan, type TimeWindow } from '../domain/timeline.ts';
import { fromToTexts } from '../domain/window-texts.ts';
import type { QuantitySpan } from './timeline-spans.ts';

/** The parts of held quantities that lie in a window, by name and then in order of time. */
export function heldWithin(quantities: readonly QuantitySpan[], window: TimeWindow): readonly ItemSpan<QuantitySpan>[] {
  return [...Map.groupBy(quantities, ({ name }) => name).values()].flatMap((items) => itemsWithin(items, window));
}

/** Those that one of some fixed quantities of a plan is the price of. */
export function pricedBy(
  fixed: readonly FixedQuantity[],
  quantities: readonly QuantitySpan[],
): readonly QuantitySpan[] {
  const names = new Set(fixed.map(({ key }) => key));
  return quantities.filter(({ name }) => names.has(name));
}

/** Held quantities as rating takes them, left out where there are none: inputs say no more than they must. */
export function heldTexts(held: readonly ItemSpan<QuantitySpan>[]) {
  const quantities = held.map(({ item: { name: key, quantity }, ...span }) => ({
    key,
    ...fromToTexts(span),
    quantity,
  }));
  return quantities.length === 0 ? {} : { quantities };
}
