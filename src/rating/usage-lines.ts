import type { InvoiceLine, LineProvenance, LineStep } from '../domain/invoice.ts';
import { formatMinor } from '../domain/money.ts';
import type { Charge, PlanVersion } from '../domain/plan.ts';
import { boundLines } from './bound-lines.ts';
import { carriedUsage } from './carried-usage.ts';
import { type Exact, exact, ZERO } from './exact.ts';
import type { ChargeUsage, RatedSpan, RatingInputs, UsageFigures } from './inputs.ts';
import { priceCharge, type PricedCharge, type PricingContext } from './price-charge.ts';
import { proratedFee, shareOfPeriod } from './proration.ts';
import { minorToExact, roundToMinor } from './rounding.ts';
import { lineStep } from './sentences.ts';

/** The plan's fee of a span, due whatever was used. None where the fee is zero, or has a cadence of its own. */
export function baseFeeLines(inputs: RatingInputs, span: RatedSpan): InvoiceLine[] {
  const { planVersion, trial = false } = span;
  if (planVersion.baseFeeEvery !== undefined) return [];
  const fee = exact(planVersion.baseFee);
  if (fee.isZero || trial) return [];
  const { amount, steps } = proratedFee('base fee', fee, span, inputs.feePeriod);
  return [
    {
      key: lineKey(inputs, span, 'base'),
      kind: 'base_fee',
      description: `${planVersion.name}, base fee`,
      quantity: '1',
      unit: 'period',
      ...roundedLine(amount, steps, inputs.tenant.currency),
      provenance: { ...ofSpan(inputs, span), ...NO_USAGE, charge: null },
    },
  ];
}

/** Where a line comes from that no usage is behind. */
export const NO_USAGE = { meter: null, meterVersion: null, eventCount: '0', ledgerRange: null } as const;

/**
 * The lines of one charge for the usage of a span: the price, which is there for no usage too, so that a bill shows it; and what
 * its minimum adds and its maximum takes. Together they come to the rounded whole.
 */
export function usageLines(inputs: RatingInputs, span: RatedSpan, charge: Charge): InvoiceLine[] {
  const usage = span.usage.find((one) => one.charge === charge.key) ?? noUsage(charge);
  const priced = span.trial === true ? FREE_OF_CHARGE : priceOfSpan(inputs, span, charge, usage);
  const provenance = { ...ofSpan(inputs, span), ...ofMeter(inputs, charge, usage), ...ofPrivatePrice(span, charge) };
  const { currency } = inputs.tenant;
  const line: InvoiceLine = {
    key: lineKey(inputs, span, `charge:${charge.key}`),
    kind: 'usage',
    description: charge.description,
    quantity: exact(usage.quantity).text,
    unit: unitOf(inputs, charge.meter),
    ...roundedLine(priced.amount, priced.steps, currency),
    provenance,
  };
  const share = shareOfPeriod(span, inputs.feePeriod);
  return [line, ...boundLines(line, charge, priced, { share, currency })];
}

function noUsage({ key }: Charge): ChargeUsage {
  return { charge: key, quantity: '0', eventCount: '0', ledgerRange: null };
}

/** What usage in a trial comes to. */
export const FREE_OF_CHARGE: PricedCharge = {
  amount: ZERO,
  shortfall: ZERO,
  excess: ZERO,
  steps: [lineStep('trial', 'in a trial, nothing is charged', ZERO)],
};

function priceOfSpan(inputs: RatingInputs, span: RatedSpan, charge: Charge, usage: UsageFigures): PricedCharge {
  const earlier = carriedUsage(inputs.meters, inputs.spans, inputs.spans.indexOf(span), charge);
  const share = shareOfPeriod(span, inputs.feePeriod);
  return price(inputs, charge, usage, { share, isLast: inputs.isLast, ...(earlier === undefined ? {} : { earlier }) });
}

/** Prices usage by a charge of the invoice. */
export function price(
  inputs: RatingInputs,
  charge: Charge,
  usage: UsageFigures,
  context: Pick<PricingContext, 'share' | 'isLast' | 'earlier'>,
): PricedCharge {
  const meter = inputs.meters.find(({ key }) => key === charge.meter);
  return priceCharge(charge, usage, {
    aggregation: meter?.aggregation ?? 'sum',
    currency: inputs.tenant.currency,
    ...context,
  });
}

/** The figures of a line that is rounded by itself. */
export function roundedLine(
  amount: Exact,
  steps: readonly LineStep[],
  currency: string,
): Pick<InvoiceLine, 'exactAmount' | 'amountMinor' | 'steps'> {
  const amountMinor = roundToMinor(amount, currency).toString();
  return { exactAmount: amount.text, amountMinor, steps: withRounding(amount, steps, currency) };
}

/** The steps, and that the amount was rounded, where it was. */
export function withRounding(amount: Exact, steps: readonly LineStep[], currency: string): readonly LineStep[] {
  const amountMinor = roundToMinor(amount, currency);
  const rounded = minorToExact(amountMinor, currency);
  if (rounded.equals(amount)) return steps;
  return [...steps, lineStep('rounding', `rounded to ${formatMinor(amountMinor, currency)}`, rounded)];
}

/** The spans of a period are told apart by their start where there is more than one. */
export function lineKey({ spans }: RatingInputs, { from }: RatedSpan, key: string): string {
  return spans.length === 1 ? key : `${key}:${from}`;
}

/** Where in time a line is, and under which plan version. */
export type PeriodProvenance = Pick<
  LineProvenance,
  'planKey' | 'planVersion' | 'from' | 'to' | 'usagePeriodStart' | 'accountingPeriodStart'
>;

/** A span as the origin of a line. */
export function ofSpan({ period }: RatingInputs, { planVersion, from, to }: RatedSpan): PeriodProvenance {
  return { ...ofPlan(planVersion), from, to, usagePeriodStart: period.start, accountingPeriodStart: period.start };
}

/** The plan version of a line. */
export function ofPlan({ key, version }: PlanVersion): { readonly planKey: string; readonly planVersion: number } {
  return { planKey: key, planVersion: version };
}

type MeterProvenance = Pick<LineProvenance, 'charge' | 'meter' | 'meterVersion' | 'eventCount' | 'ledgerRange'>;

/** Where the usage of a line comes from. */
export function ofMeter(
  inputs: RatingInputs,
  charge: Charge,
  usage: Pick<ChargeUsage, 'eventCount' | 'ledgerRange'>,
): MeterProvenance {
  const meter = inputs.meters.find(({ key }) => key === charge.meter);
  return {
    charge: charge.key,
    meter: charge.meter,
    meterVersion: meter?.version ?? null,
    eventCount: usage.eventCount,
    ledgerRange: usage.ledgerRange,
  };
}

/** Since when a price is the tenant's own; nothing where it is the plan's. */
export function ofPrivatePrice(
  { privatePrices = [] }: Pick<RatedSpan, 'privatePrices'>,
  { key }: Charge,
): Pick<LineProvenance, 'privatePriceFrom'> {
  const own = privatePrices.find(({ charge }) => charge === key);
  return own === undefined ? {} : { privatePriceFrom: own.from };
}

/** The unit of a charge's meter. */
export function unitOf({ meters }: RatingInputs, meterKey: string): string {
  const { unit = 'unit', timeWeighted = false } = meters.find(({ key }) => key === meterKey) ?? {};
  return timeWeighted ? `${unit}-second` : unit;
}
