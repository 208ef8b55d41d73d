import { type Exact, ZERO } from './exact.ts';

/**
 * Included units of a whole period, used up by its bills, or by its parts under one plan after another, in order of time: what is
 * left to be billed of each quantity. A negative quantity gives none back.
 */
export function billableInOrder(includedUnits: Exact, quantities: readonly Exact[]): Exact[] {
  let left = includedUnits;
  return quantities.map((quantity) => {
    const included = left.atMost(quantity.atLeast(ZERO));
    left = left.minus(included);
    return quantity.atLeast(ZERO).minus(included);
  });
}
