import type { LineStep } from '../domain/invoice.ts';
import type { Charge } from '../domain/plan.ts';
import { commitmentStep } from './commitment.ts';
import { discountStep } from './discount.ts';
import { type Exact, exact, ONE, ZERO } from './exact.ts';
import { withSum } from './models/added.ts';
import { isForTime } from './models/index.ts';
import type { PricedQuantity } from './models/model.ts';
import { lineStep, spoken } from './sentences.ts';

/** Where a price stands in its period. */
export interface PeriodStanding {
  /** What earlier bills of the period came to, major units. */
  readonly billed: Exact;
  /** Whether no further bill of the period follows. */
  readonly isLast: boolean;
  /** How much of the period is priced: amounts that a charge names are for a whole one. */
  readonly share: Exact;
}

/** What stands around the price of a charge, in order: proration of a fee that is due for time, discount, commitment. */
export function aroundPrice(charge: Charge, priced: PricedQuantity, standing: PeriodStanding): PricedQuantity {
  const { discount, commitment } = charge;
  const prorated = forShare(charge, priced, standing.share);
  const discounted =
    discount === undefined ? prorated : changed(prorated, discountStep(discount, prorated.amount, standing.share));
  if (commitment === undefined) return discounted;
  const promised = exact(commitment.amount).times(standing.share);
  return changed(discounted, commitmentStep(commitment, { ...standing, amount: discounted.amount }, promised));
}

/** What is missing to a charge's minimum, and what then goes beyond its maximum; neither is negative. */
export function boundsOf(
  { minimum, maximum }: Charge,
  amount: Exact,
  { billed, isLast, share }: PeriodStanding,
): { readonly shortfall: Exact; readonly excess: Exact } {
  const left = (bound: string): Exact => exact(bound).times(share).minus(billed);
  const raised = minimum === undefined || !isLast ? amount : amount.atLeast(left(minimum));
  const due = maximum === undefined ? raised : raised.atMost(left(maximum).atLeast(ZERO));
  return { shortfall: raised.minus(amount), excess: raised.minus(due) };
}

function changed(
  priced: PricedQuantity,
  change: { readonly change: Exact; readonly step: LineStep } | undefined,
): PricedQuantity {
  if (change === undefined) return priced;
  return withSum({ amount: priced.amount.plus(change.change), steps: [...priced.steps, change.step] });
}

/** A fee that is due for time: of a part of the period, that part of it. */
function forShare({ price }: Charge, priced: PricedQuantity, share: Exact): PricedQuantity {
  if (!isForTime(price) || share.equals(ONE)) return priced;
  const change = priced.amount.times(share).minus(priced.amount);
  const step = lineStep('proration', `for ${spoken(share)} of the period: ${spoken(change)}`, change);
  return changed(priced, { change, step });
}
