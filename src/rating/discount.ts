import type { LineStep } from '../domain/invoice.ts';
import type { Discount } from '../domain/plan.ts';
import { type Exact, exact, ONE, ZERO } from './exact.ts';
import { lineStep, spoken } from './sentences.ts';
import { shareOf } from './share.ts';

/**
 * What a discount takes off an amount, as a change that is not positive: a share of it, or a fixed amount and never more than there
 * is. `undefined` where it takes nothing.
 *
 * @param share how much of its period the amount is of: a fixed amount is for a whole one
 */
export function discountStep(
  discount: Discount,
  amount: Exact,
  share: Exact = ONE,
): { readonly change: Exact; readonly step: LineStep } | undefined {
  const isShare = 'percent' in discount;
  const taken = isShare
    ? shareOf(amount, exact(discount.percent))
    : fixedPart(exact(discount.amount).times(share), amount);
  if (taken.isZero) return undefined;
  const change = taken.negated();
  const sentence = isShare
    ? `${discount.percent} % discount on ${spoken(amount)}: ${spoken(change)}`
    : `discount ${spoken(change)}`;
  return { change, step: lineStep('discount', sentence, change) };
}

function fixedPart(fixed: Exact, amount: Exact): Exact {
  return fixed.atMost(amount.atLeast(ZERO));
}
