import { formatInstant } from '../domain/instant.ts';
import { isPriceOfAddOn } from './effective-plans.ts';
import type { PricedTimelines, PriceSpan } from './timeline-spans.ts';

/**
 * A price of the tenant's own that is one of an add-on, and would not be any more after a change of its add-ons: it would become one
 * more charge of the plan, though it was agreed for something that is not held. `undefined` where there is none.
 */
export function strandedPrice(
  { addOns, prices }: Pick<PricedTimelines, 'addOns' | 'prices'>,
  changed: PricedTimelines['addOns'],
): PriceSpan | undefined {
  return prices.find((price) => isPriceOfAddOn(price, addOns) && !isPriceOfAddOn(price, changed));
}

/** What is wrong with it, and the cure. */
export function strandedPriceSentence({ charge, fromMicros }: PriceSpan): string {
  const what = `${charge.key} would be charged beside the plan from ${formatInstant(fromMicros)} on`;
  return `${what}, by a price of the tenant’s own for an add-on that is not held then: end that price first`;
}
