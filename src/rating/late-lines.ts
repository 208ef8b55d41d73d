import type { InvoiceLine, LineStep } from '../domain/invoice.ts';
import { type AmountMinor, formatMinor } from '../domain/money.ts';
import type { Charge } from '../domain/plan.ts';
import { stepsSentence } from '../domain/steps-sentence.ts';
import { keyOnTimeline, timelineOf } from './add-ons.ts';
import { carriedUsage } from './carried-usage.ts';
import { exact } from './exact.ts';
import type { LateChargeUsage, LateUsage, RatingInputs, UsageFigures } from './inputs.ts';
import { dueOf, type PricedCharge } from './price-charge.ts';
import { type FeePeriod, shareOfPeriod, type TimeSpan } from './proration.ts';
import { minorToExact, roundToMinor } from './rounding.ts';
import { lineStep, spoken } from './sentences.ts';
import {
  FREE_OF_CHARGE,
  ofMeter,
  ofPlan,
  ofPrivatePrice,
  type PeriodProvenance,
  price,
  unitOf,
  withRounding,
} from './usage-lines.ts';

/**
 * The line of one charge for late usage: price(with it) − price(what was billed), both rounded first, so that what was billed
 * is taken off exactly as it was billed and increments add up to the whole. Usage that makes no difference, or came late to a trial, has
 * its line too: every event is on one. None for a charge to which nothing came late and that comes to the same.
 */
export function lateLines(inputs: RatingInputs, late: LateUsage, charge: Charge): InvoiceLine[] {
  const usage = late.usage.find((one) => one.charge === charge.key);
  if (usage === undefined) return [];
  const { currency } = inputs.tenant;
  const { amountMinor, steps } = late.trial === true ? NOTHING_DUE : differenceOf(inputs, late, charge, usage);
  if (amountMinor === 0n && usage.eventCount === '0') return [];
  return [
    {
      key: keyOnTimeline(
        late.planVersion,
        `late:${late.usagePeriodStart}:${charge.key}${late.span === undefined ? '' : `:${late.span.from}`}`,
      ),
      kind: 'late_usage',
      description: `${charge.description}, late usage of the period from ${late.usagePeriodStart}`,
      quantity: exact(usage.after.quantity).minus(exact(usage.before.quantity)).text,
      unit: unitOf(inputs, charge.meter),
      exactAmount: minorToExact(amountMinor, currency).text,
      amountMinor: amountMinor.toString(),
      provenance: {
        ...ofLatePeriod(inputs, late),
        ...ofMeter(inputs, charge, usage),
        ...ofPrivatePrice(late, charge),
        billedInvoiceId: late.billedInvoiceId,
      },
      steps,
    },
  ];
}

const NOTHING_DUE: RoundedDue = { amountMinor: 0n, steps: FREE_OF_CHARGE.steps };

/** What late usage adds to what was billed, and how. */
function differenceOf(inputs: RatingInputs, late: LateUsage, charge: Charge, usage: LateChargeUsage): RoundedDue {
  const [billed, whole] = [lateDue(inputs, late, charge, 'before'), lateDue(inputs, late, charge, 'after')];
  return {
    amountMinor: whole.amountMinor - billed.amountMinor,
    steps: lateSteps(late, usage, { billed, whole }, inputs.tenant.currency),
  };
}

/** What a charge comes to in a span of a sealed period, without its late usage and with it, rounded. */
export function lateDue(inputs: RatingInputs, late: LateUsage, charge: Charge, when: 'before' | 'after'): RoundedDue {
  const { currency } = inputs.tenant;
  const usage = late.usage.find((one) => one.charge === charge.key);
  return roundedDue(priceLate(inputs, late, charge, when, usage?.[when] ?? { quantity: '0' }), currency);
}

/** Prices late usage where it stands in its period: the spans of its plan, or add-on, in that period are those of the late usage. */
function priceLate(
  inputs: RatingInputs,
  late: LateUsage,
  charge: Charge,
  when: 'before' | 'after',
  figures: UsageFigures,
): PricedCharge {
  const { usagePeriodStart: start } = late;
  const timeline = timelineOf(late.planVersion);
  const spans = inputs.late.filter(
    ({ usagePeriodStart, planVersion }) => usagePeriodStart === start && timelineOf(planVersion) === timeline,
  );
  const seen = spans.map(({ planVersion, trial, usage }) => ({
    planVersion,
    ...(trial === undefined ? {} : { trial }),
    usage: usage.map((one) => ({ charge: one.charge, ...one[when] })),
  }));
  const earlier = carriedUsage(inputs.meters, seen, spans.indexOf(late), charge);
  const share = shareOfPeriod(spanOfLate(late), feePeriodOfLate(late));
  return price(inputs, charge, figures, { share, isLast: true, ...(earlier === undefined ? {} : { earlier }) });
}

/** The part of its period that late usage is of. */
export function spanOfLate({ span, usagePeriodStart, usagePeriodEnd }: LateUsage): TimeSpan {
  return span ?? { from: usagePeriodStart, to: usagePeriodEnd };
}

/** The full period that what is due by time in its period was for. */
export function feePeriodOfLate({ feePeriod, usagePeriodStart, usagePeriodEnd }: LateUsage): FeePeriod {
  return feePeriod ?? { start: usagePeriodStart, end: usagePeriodEnd };
}

/** What a charge comes to, rounded, and how. Minor units. */
export interface RoundedDue {
  readonly amountMinor: AmountMinor;
  readonly steps: readonly LineStep[];
}

function roundedDue(priced: PricedCharge, currency: string): RoundedDue {
  const due = dueOf(priced);
  const bounds = due.minus(priced.amount);
  const steps = bounds.isZero
    ? priced.steps
    : [...priced.steps, lineStep('bounds', `${spoken(bounds)} by minimum and maximum`, bounds)];
  return { amountMinor: roundToMinor(due, currency), steps: withRounding(due, steps, currency) };
}

function lateSteps(
  late: LateUsage,
  usage: LateChargeUsage,
  prices: { readonly billed: RoundedDue; readonly whole: RoundedDue },
  currency: string,
): LineStep[] {
  const { billed, whole } = prices;
  const billedAmount = minorToExact(billed.amountMinor, currency);
  const wholeAmount = minorToExact(whole.amountMinor, currency);
  const difference = formatMinor(whole.amountMinor - billed.amountMinor, currency);
  const where = late.billedInvoiceId === null ? 'on no invoice' : `on ${late.billedInvoiceId}`;
  const [before, after] = [exact(usage.before.quantity), exact(usage.after.quantity)];
  return [
    lineStep('with_late_usage', `with late usage ${spoken(after)}: ${stepsSentence(whole.steps)}`, wholeAmount),
    lineStep('billed', `billed ${spoken(before)} ${where}: ${stepsSentence(billed.steps)}`, billedAmount),
    lineStep('difference', `the difference is ${difference}`, wholeAmount.minus(billedAmount)),
  ];
}

function ofLatePeriod({ period }: RatingInputs, late: LateUsage): PeriodProvenance {
  const { usagePeriodStart, planVersion } = late;
  return {
    ...ofPlan(planVersion),
    ...spanOfLate(late),
    usagePeriodStart,
    accountingPeriodStart: period.start,
  };
}
