import { type Decimal, decimal, ZERO } from '../domain/decimal.ts';
import type { Charge } from '../domain/plan.ts';
import { rulesOf } from './models/index.ts';
import type { PricedQuantity } from './models/model.ts';
import { lineStep, spoken } from './sentences.ts';

/**
 * Prices a quantity of whole units by one charge: included units are taken off, then the model prices the rest. Exact, in
 * major units, not yet rounded. A negative quantity is priced 0: usage becomes a credit only through a correction.
 *
 * Throws `UnpricedQuantityError` where the price covers no such quantity.
 */
export function priceQuantity(charge: Charge, quantity: Decimal): PricedQuantity {
  const counted = quantity.lt(ZERO) ? ZERO : quantity;
  const included = decimal(charge.includedUnits);
  if (included.eq(ZERO)) return withSum(rulesOf(charge.price).price(charge.price, counted));
  const billable = counted.gt(included) ? counted.minus(included) : ZERO;
  const free = lineStep('included_units', `${spoken(counted.minus(billable))} of ${spoken(counted)} included`, ZERO);
  const { amount, steps } = rulesOf(charge.price).price(charge.price, billable);
  return withSum({ amount, steps: [free, ...steps] });
}

/** Says what the parts add up to, where there is more than one. */
function withSum({ amount, steps }: PricedQuantity): PricedQuantity {
  const parts = steps.filter((step) => step.amount !== '0').length;
  if (parts < 2) return { amount, steps };
  return { amount, steps: [...steps, lineStep('sum', `together ${spoken(amount)}`, amount)] };
}
