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
  const [without, whole] = (['before', 'after'] as const).map((when) => {
    return takenByEach(amountOf(inputs, spans, charge, when), coupons);
  });
  let running = ZERO;
  return coupons.flatMap((coupon, index): InvoiceLine[] => {
    const [before, after] = [without?.[index] ?? ZERO, whole?.[index] ?? ZERO];
    const from = running;
    running = from.minus(after.minus(before));
    if (roundToMinor(from, currency) === roundToMinor(running, currency)) return [];
    const sentence = `the coupon of that period takes off ${spoken(after)} with late usage, ${spoken(before)} without it`;
    const step = lineStep('late_coupon', sentence, running.minus(from));
    return [{ ...lateCouponLine(inputs, spans, coupon), ...differenceLine(from, running, step, currency) }];
  });
}

/** What each of several coupons takes off an amount, each on what the one before left. */
function takenByEach(amount: Exact, coupons: readonly AppliedCoupon[]): readonly Exact[] {
  const lefts = leftAfterEach(
    amount,
    coupons.map(({ discount }) => discount),
  );
  return lefts.map((left, index) => (lefts[index - 1] ?? amount).minus(left));
}

/** Everything of the line but its figures. */
function lateCouponLine(
  inputs: RatingInputs,
  spans: readonly LateUsage[],
  coupon: AppliedCoupon,
): Omit<InvoiceLine, 'exactAmount' | 'amountMinor' | 'steps'> {
  const [first] = spans;
  const provenance = ofWholeBill(inputs);
  const usagePeriodStart = first?.usagePeriodStart ?? provenance.usagePeriodStart;
  return {
    key: `late:${usagePeriodStart}:coupon:${coupon.id}`,
    kind: 'coupon',
    description: `${coupon.description}, late usage of the period from ${usagePeriodStart}`,
    quantity: '1',
    unit: 'coupon',
    provenance: {
      ...provenance,
      charge: coupon.charge ?? null,
      coupon: coupon.id,
      from: usagePeriodStart,
      to: first?.usagePeriodEnd ?? provenance.to,
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
