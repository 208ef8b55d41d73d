import type { InvoiceLine } from '../domain/invoice.ts';
import { leftAfterEach } from './coupons.ts';
import { type Exact, ZERO } from './exact.ts';
import type { AppliedCoupon, LateUsage, RatingInputs } from './inputs.ts';
import { differenceLine, ofWholeBill } from './invoice-lines.ts';
import { lateDue } from './late-lines.ts';
import { minorToExact, roundToMinor } from './rounding.ts';
import { lineStep, spoken } from './sentences.ts';

/**
 * What late usage changes about the coupons of charges that its own period had: the coupons of a later period are not its. Each line is
 * the discount with it less the one without it, so that a fixed amount is never taken off twice.
 *
 * Throws `UnpricedQuantityError` where a price covers no such usage.
 */
export function lateCouponLines(inputs: RatingInputs): InvoiceLine[] {
  const paid = inputs.late.filter(({ trial }) => trial !== true);
  const byPeriod = Map.groupBy(paid, ({ usagePeriodStart }) => usagePeriodStart);
  return [...byPeriod.values()].flatMap((spans) => {
    const byCharge = Map.groupBy(spans[0]?.coupons ?? [], ({ charge }) => charge ?? '');
    return [...byCharge].flatMap(([charge, coupons]) => linesOfCharge(inputs, spans, charge, coupons));
  });
}

function linesOfCharge(
  inputs: RatingInputs,
  spans: readonly LateUsage[],
  charge: string,
  coupons: readonly AppliedCoupon[],
): InvoiceLine[] {
  const { currency } = inputs.tenant;
  const discounts = coupons.map(({ discount }) => discount);
  const [before, after] = (['before', 'after'] as const).map((when) => {
    const amount = amountOf(inputs, spans, charge, when);
    return leftAfterEach(amount, discounts).map((left) => left.minus(amount));
  });
  const changeAt = (index: number): Exact => {
    return (after?.[index] ?? ZERO).minus(before?.[index] ?? ZERO);
  };
  return coupons.flatMap((coupon, index): InvoiceLine[] => {
    const [from, to] = [index === 0 ? ZERO : changeAt(index - 1), changeAt(index)];
    if (roundToMinor(from, currency) === roundToMinor(to, currency)) return [];
    return [lateCouponLine(inputs, spans, coupon, { from, to })];
  });
}

function lateCouponLine(
  inputs: RatingInputs,
  spans: readonly LateUsage[],
  coupon: AppliedCoupon,
  { from, to }: { readonly from: Exact; readonly to: Exact },
): InvoiceLine {
  const [first] = spans;
  const provenance = ofWholeBill(inputs);
  const usagePeriodStart = first?.usagePeriodStart ?? provenance.usagePeriodStart;
  const usagePeriodEnd = first?.usagePeriodEnd ?? provenance.to;
  const change = to.minus(from);
  const sentence = `with its late usage, the coupon of the period takes off ${spoken(change.negated())} more`;
  return {
    key: `late:${usagePeriodStart}:coupon:${coupon.id}`,
    kind: 'coupon',
    description: `${coupon.description}, late usage of the period from ${usagePeriodStart}`,
    quantity: '1',
    unit: 'coupon',
    ...differenceLine(from, to, lineStep('late_coupon', sentence, change), inputs.tenant.currency),
    provenance: {
      ...provenance,
      charge: coupon.charge ?? null,
      coupon: coupon.id,
      from: usagePeriodStart,
      to: usagePeriodEnd,
      usagePeriodStart,
      billedInvoiceId: first?.billedInvoiceId ?? null,
    },
  };
}

/** What a charge comes to in all spans of the period, as its lines were rounded. */
function amountOf(inputs: RatingInputs, spans: readonly LateUsage[], key: string, when: 'before' | 'after'): Exact {
  const dues = spans.flatMap((span) => {
    const charges = span.planVersion.charges.filter((charge) => charge.key === key);
    return charges.map((charge) => lateDue(inputs, span, charge, when).amountMinor);
  });
  const sum = dues.reduce((total, due) => total + due, 0n);
  return minorToExact(sum, inputs.tenant.currency);
}
