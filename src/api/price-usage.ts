import { addOnSpans, feePeriodOf, type PeriodSpan, periodSpans } from '../catalog/period-spans.ts';
import { holdsAt, itemAt } from '../domain/timeline.ts';
import { fromToTexts, periodTexts } from '../domain/window-texts.ts';
import type { CostAnswer, CostQuestion, MeteredValue } from '../ingest/usage-cost.ts';
import { isWholePeriod } from '../ledger/usage-window.ts';
import { type Exact, ZERO } from '../rating/exact.ts';
import type { PricingContext } from '../rating/price-charge.ts';
import { costOfEvent, type EventCost, pricesEventsAlone } from '../rating/price-increment.ts';
import { shareOfPeriod } from '../rating/proration.ts';

/**
 * What one event costs on top of what was used before it: the sum over the charges of the tenant's plan and add-ons on all of its meters. Where one
 * of them cannot say, there is no cost, and the reason. Minimums, what a plan bounds as a whole, coupons and taxes are not in it.
 */
export function priceUsage({ entry, atMicros, usagePeriod, isLate, readings }: CostQuestion): CostAnswer {
  if (isLate) return unknown('its period is sealed: late usage is billed as the difference that it makes');
  const spans = periodSpans(entry, usagePeriod) ?? [];
  const span = itemAt(spans, atMicros);
  if (span === undefined) return unknown('a part of its period has no plan');
  const { currency } = entry.tenant;
  const held = [span, ...addOnSpans(entry, usagePeriod).filter((one) => holdsAt(one, atMicros))];
  const feePeriod = periodTexts(feePeriodOf(entry, usagePeriod));
  let sum: Exact = ZERO;
  for (const one of held) {
    const share = shareOfPeriod(fromToTexts(one), feePeriod);
    const context = { currency, share, isWhole: isWholePeriod({ ...one, period: usagePeriod }) };
    for (const reading of readings) {
      const cost = costOfReading(reading, one, context);
      if ('reason' in cost) return unknown(cost.reason);
      sum = sum.plus(cost.amount);
    }
  }
  return { cost: { amount: sum.text, currency } };
}

/** How a reading is priced; `isWhole`: the plan holds for all of the period, so that what the meter showed is what it prices. */
type ReadingContext = Pick<PricingContext, 'currency' | 'share'> & { readonly isWhole: boolean };

function costOfReading(
  { meter, ...event }: MeteredValue,
  { plan, isTrial }: PeriodSpan,
  context: ReadingContext,
): EventCost {
  if (isTrial) return { amount: ZERO };
  let sum: Exact = ZERO;
  for (const charge of plan.charges) {
    if (charge.meter !== meter.key) continue;
    if (!context.isWhole && !pricesEventsAlone(charge, meter)) {
      return { reason: `${charge.key} holds for a part of its period, and what was used in that is not counted` };
    }
    const cost = costOfEvent(charge, event, meter, context);
    if ('reason' in cost) return cost;
    sum = sum.plus(cost.amount);
  }
  return { amount: sum };
}

function unknown(costReason: string): CostAnswer {
  return { cost: null, costReason };
}
