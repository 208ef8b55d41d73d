import { isGivenBack } from '../domain/asked-of-bill.ts';
import type { InvoiceLine } from '../domain/invoice.ts';
import type { Discount } from '../domain/plan.ts';
import { type Exact, exact, ZERO } from './exact.ts';
import type { AppliedCoupon, RatingInputs } from './inputs.ts';
import { differenceLine, exactSumOfLines, isLineOfCharge, ofWholeBill } from './invoice-lines.ts';
import { roundToMinor } from './rounding.ts';
import { lineStep, spoken } from './sentences.ts';
import { shareOf } from './share.ts';

/** What a discount takes off an amount: never more than there is, and nothing of a negative one. Exact. */
export function takenOff(amount: Exact, discount: Discount): Exact {
  const there = amount.atLeast(ZERO);
  return 'percent' in discount ? shareOf(there, exact(discount.percent)) : exact(discount.amount).atMost(there);
}

/** What is left after each of several discounts, each on what the one before left. Exact. */
export function leftAfterEach(amount: Exact, discounts: readonly Discount[]): Exact[] {
  let left = amount;
  return discounts.map((discount) => {
    left = left.minus(takenOff(left, discount));
    return left;
  });
}

/**
 * A negative line for each coupon that takes something off. Those of a charge come first, as a discount on what its usage of the period
 * comes to; those of the whole invoice are on what is left then, without what is given back of earlier bills. Each is on what the one before
 * left, and none leads below zero.
 *
 * @param lines everything else that is on the invoice
 */
export function couponLines(inputs: RatingInputs, lines: readonly InvoiceLine[]): InvoiceLine[] {
  const { currency } = inputs.tenant;
  const coupons = inputs.coupons ?? [];
  const taken: InvoiceLine[] = [];
  let left = exactSumOfLines(
    lines.filter((line) => !isGivenBack(line)),
    currency,
  );
  const leftOfCharge = new Map<string, Exact>();
  for (const coupon of [...coupons.filter(isOfCharge), ...coupons.filter((one) => !isOfCharge(one))]) {
    const base = baseOf(coupon, left, leftOfCharge, () => exactSumOfLines(linesOf(coupon, lines), currency));
    const off = takenOff(base, coupon.discount).atMost(left.atLeast(ZERO));
    if (off.isZero) continue;
    const from = left;
    left = from.minus(off);
    if (coupon.charge !== undefined) leftOfCharge.set(coupon.charge, base.minus(off));
    // What is less than half of a minor unit is no line, and uses up none of the coupon's periods.
    if (roundToMinor(from, currency) === roundToMinor(left, currency)) continue;
    const step = lineStep('coupon', sentenceOf(coupon.discount, base, off), off.negated());
    taken.push({
      key: `coupon:${coupon.id}`,
      kind: 'coupon',
      description: coupon.description,
      quantity: '1',
      unit: 'coupon',
      ...differenceLine(from, left, step, currency),
      provenance: { ...ofWholeBill(inputs), charge: coupon.charge ?? null, coupon: coupon.id },
    });
  }
  return taken;
}

function isOfCharge({ charge }: AppliedCoupon): boolean {
  return charge !== undefined;
}

function baseOf(
  { charge }: AppliedCoupon,
  left: Exact,
  leftOfCharge: ReadonlyMap<string, Exact>,
  ofCharge: () => Exact,
): Exact {
  return charge === undefined ? left : (leftOfCharge.get(charge) ?? ofCharge());
}

function linesOf({ charge }: AppliedCoupon, lines: readonly InvoiceLine[]): InvoiceLine[] {
  return lines.filter((line) => isLineOfCharge(line, charge));
}

function sentenceOf(discount: Discount, base: Exact, off: Exact): string {
  if ('percent' in discount) return `${discount.percent} % off ${spoken(base)}: ${spoken(off.negated())}`;
  return `${spoken(exact(discount.amount))} off ${spoken(base)}: ${spoken(off.negated())}`;
}
