import type { InvoiceLine } from '../domain/invoice.ts';
import type { AmountMinor, CurrencyCode } from '../domain/money.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { Exact } from './exact.ts';
import { fixedQuantityLines } from './fixed-quantity-lines.ts';
import { heldSpans } from './held-spans.ts';
import type { LateUsage, RatingInputs } from './inputs.ts';
import { differenceLine, ofWholeBill, sumOfLines } from './invoice-lines.ts';
import { feePeriodOfLate, lateDue, spanOfLate } from './late-lines.ts';
import { planBoundChanges } from './plan-bounds.ts';
import { shareOfPeriod } from './proration.ts';
import { minorToExact, roundToMinor } from './rounding.ts';
import { lineStep, spoken } from './sentences.ts';
import { baseFeeLines } from './usage-lines.ts';

/**
 * What late usage changes about the bounds that a plan has on all of its charges together: usage that came late to a period whose cap was
 * reached costs nothing, and what was missing to a minimum is less. The lines of its charges do not know of that. In plans with such
 * bounds, late usage names all charges that were used in the period.
 *
 * Throws `UnpricedQuantityError` where a price covers no such usage.
 */
export function lateBoundLines(inputs: RatingInputs): InvoiceLine[] {
  const paid = inputs.late.filter(({ trial }) => trial !== true);
  const byPeriodAndPlan = Map.groupBy(paid, ({ usagePeriodStart, planVersion: { key, version } }) => {
    return `${usagePeriodStart}:${key}.${version}`;
  });
  return [...byPeriodAndPlan].flatMap(([name, spans]) => lineOfPlan(inputs, name, spans));
}

function lineOfPlan(inputs: RatingInputs, name: string, spans: readonly LateUsage[]): InvoiceLine[] {
  const [first, last] = [spans[0], spans.at(-1)];
  if (first === undefined || last === undefined || !hasBounds(first.planVersion)) return [];
  const { planVersion: plan, usagePeriodStart, billedInvoiceId } = first;
  const { currency } = inputs.tenant;
  const share = Exact.sum(spans.map((span) => shareOfPeriod(spanOfLate(span), feePeriodOfLate(span))));
  const fees = minorToExact(coveredFees(inputs, spans), currency);
  const boundsOf = (when: 'before' | 'after'): Exact => {
    return boundedBy(plan, amountOf(inputs, spans, when).plus(fees), share, currency);
  };
  const [before, after] = [boundsOf('before'), boundsOf('after')];
  const difference = after.minus(before);
  if (difference.isZero) return [];
  const sentence = `bounds of the plan come to ${spoken(after)} with late usage, to ${spoken(before)} without it`;
  return [
    {
      key: `late:${name}:bounds`,
      kind: 'late_usage',
      description: `${plan.name}, bounds of the period from ${usagePeriodStart} with late usage`,
      quantity: '1',
      unit: 'period',
      ...differenceLine(before, after, lineStep('late_bounds', sentence, difference), currency),
      provenance: {
        ...ofWholeBill(inputs),
        planKey: plan.key,
        planVersion: plan.version,
        from: spanOfLate(first).from,
        to: spanOfLate(last).to,
        usagePeriodStart,
        billedInvoiceId,
      },
    },
  ];
}

function hasBounds({ commitment, minimum, maximum }: PlanVersion): boolean {
  return commitment !== undefined || minimum !== undefined || maximum !== undefined;
}

/**
 * What commitment, minimum and maximum add to an amount of whole minor units; negative where they take off. The bill of that period
 * rounded what the amount became, and not what was added to it.
 */
function boundedBy(plan: PlanVersion, amount: Exact, share: Exact, currency: CurrencyCode): Exact {
  const changes = planBoundChanges(plan, { amount, share, isLast: true });
  const bounded = Exact.sum([amount, ...changes.map(({ change }) => change)]);
  return minorToExact(roundToMinor(bounded, currency), currency).minus(amount);
}

/** What the bill of that period had of fees that the bounds cover, rounded as it was there; late usage does not change it. */
function coveredFees(inputs: RatingInputs, late: readonly LateUsage[]): AmountMinor {
  const [first] = late;
  if (first?.planVersion.boundsCover !== 'charges_and_base_fee') return 0n;
  const period = { start: first.usagePeriodStart, end: first.usagePeriodEnd };
  const parts = late.map((one) => ({ ...one, ...spanOfLate(one), usage: [] }));
  const spans = heldSpans(parts).map(({ whole }) => whole);
  const then: RatingInputs = { ...inputs, period, feePeriod: feePeriodOfLate(first), spans };
  return sumOfLines(spans.flatMap((span) => [...baseFeeLines(then, span), ...fixedQuantityLines(then, span)]));
}

function amountOf(inputs: RatingInputs, spans: readonly LateUsage[], when: 'before' | 'after'): Exact {
  const dues = spans.flatMap((span) =>
    span.planVersion.charges.map((charge) => lateDue(inputs, span, charge, when).amountMinor),
  );
  const sum = dues.reduce((total, due) => total + due, 0n);
  return minorToExact(sum, inputs.tenant.currency);
}
