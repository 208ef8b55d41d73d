import type { TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { addOnSpans, feePeriodOf, type PeriodSpan, periodSpans } from '../catalog/period-spans.ts';
import type { Period } from '../domain/period.ts';
import { holdsAt, isSameWindow, itemAt, type TimeWindow } from '../domain/timeline.ts';
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
  const { plans, addOns } = pricedPeriod(entry, usagePeriod);
  const plan = itemAt(plans, atMicros);
  if (plan === undefined) return unknown('a part of its period has no plan');
  let sum: Exact = ZERO;
  for (const part of [plan, ...addOns.filter((one) => holdsAt(one, atMicros))]) {
    for (const reading of readings) {
      const cost = costOfReading(reading, part);
      if ('reason' in cost) return unknown(cost.reason);
      sum = sum.plus(cost.amount);
    }
  }
  return { cost: { amount: sum.text, currency: entry.tenant.currency } };
}

/** A part of a period under one plan or add-on, and how a reading is priced in it. */
interface PricedPart extends Pick<PeriodSpan, 'plan' | 'isTrial' | 'fromMicros' | 'toMicros'> {
  readonly context: Pick<PricingContext, 'currency' | 'share'>;
  /** Whether the plan holds for all of the period, so that what the meter showed is what it prices. */
  readonly isWhole: boolean;
}

interface PricedPeriod {
  readonly period: TimeWindow;
  readonly plans: readonly PricedPart[];
  readonly addOns: readonly PricedPart[];
}

/** Of a tenant as it was read, the period that was asked for last: finding the fees of one by the week takes a millisecond, an event a few microseconds. */
const pricedPeriods = new WeakMap<TenantEntry, PricedPeriod>();

function pricedPeriod(entry: TenantEntry, period: Period): PricedPeriod {
  const known = pricedPeriods.get(entry);
  if (known !== undefined && isSameWindow(known.period, period)) return known;
  const feePeriod = periodTexts(feePeriodOf(entry, period));
  const pricedPart = ({ plan, isTrial, fromMicros, toMicros }: PeriodSpan): PricedPart => {
    const share = shareOfPeriod(fromToTexts({ fromMicros, toMicros }), feePeriod);
    const isWhole = isWholePeriod({ period, fromMicros, toMicros });
    return { plan, isTrial, fromMicros, toMicros, context: { currency: entry.tenant.currency, share }, isWhole };
  };
  const plans = (periodSpans(entry, period) ?? []).map(pricedPart);
  const priced = { period, plans, addOns: addOnSpans(entry, period).map(pricedPart) };
  pricedPeriods.set(entry, priced);
  return priced;
}

function costOfReading({ meter, ...event }: MeteredValue, { plan, isTrial, isWhole, context }: PricedPart): EventCost {
  if (isTrial) return { amount: ZERO };
  let sum: Exact = ZERO;
  for (const charge of plan.charges) {
    if (charge.meter !== meter.key) continue;
    if (!isWhole && !pricesEventsAlone(charge, meter)) {
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
