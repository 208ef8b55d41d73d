import { type Decimal, decimal, decimalText, ZERO } from '../domain/decimal.ts';
import type { InvoiceLine, LineProvenance, LineStep } from '../domain/invoice.ts';
import { type AmountMinor, formatMinor, minorToDecimal } from '../domain/money.ts';
import type { Charge, PlanVersion } from '../domain/plan.ts';
import { stepsSentence } from '../domain/steps-sentence.ts';
import type { LateMeteredUsage, LateUsage, MeteredUsage, RatingInputs } from './inputs.ts';
import { priceQuantity } from './price-quantity.ts';
import { roundToMinor } from './rounding.ts';
import { lineStep, spoken } from './sentences.ts';

/** A charge priced and rounded to the currency. */
interface RoundedPrice {
  readonly amountMinor: AmountMinor;
  readonly steps: readonly LineStep[];
}

/** The plan's fee of the period, due whatever was used. `undefined` when there is none. */
export function baseFeeLine(inputs: RatingInputs): InvoiceLine | undefined {
  const { planVersion, tenant } = inputs;
  const fee = decimal(planVersion.baseFee);
  if (fee.eq(ZERO)) return undefined;
  const { amountMinor, steps } = rounded(fee, [lineStep('base_fee', `base fee ${spoken(fee)}`, fee)], tenant.currency);
  return {
    key: 'base',
    kind: 'base_fee',
    description: `${planVersion.name}, base fee`,
    quantity: '1',
    unit: 'period',
    amountMinor: amountMinor.toString(),
    provenance: {
      ...ownPeriod(inputs),
      charge: null,
      meter: null,
      meterVersion: null,
      eventCount: '0',
      ledgerRange: null,
    },
    steps,
  };
}

/** The line of one charge for the usage of the period itself; it is there for no usage too, so that a bill shows the price. */
export function usageLine(inputs: RatingInputs, charge: Charge, usage: MeteredUsage): InvoiceLine {
  const quantity = decimal(usage.quantity);
  const { amountMinor, steps } = roundedPrice(charge, quantity, inputs.tenant.currency);
  return {
    key: `charge:${charge.key}`,
    kind: 'usage',
    description: charge.description,
    quantity: decimalText(quantity),
    unit: unitOf(inputs, charge.meter),
    amountMinor: amountMinor.toString(),
    provenance: { ...ownPeriod(inputs), ...meterOf(inputs, charge, usage) },
    steps,
  };
}

/**
 * The line of one charge for late usage: price(with it) − price(what was billed), both rounded first, so that what was billed
 * is taken off exactly as it was billed and increments add up to the whole. `undefined` when it makes no difference.
 */
export function lateLine(
  inputs: RatingInputs,
  late: LateUsage,
  charge: Charge,
  usage: LateMeteredUsage,
): InvoiceLine | undefined {
  const { currency } = inputs.tenant;
  const before = decimal(usage.before);
  const after = decimal(usage.after);
  const billed = roundedPrice(charge, before, currency);
  const whole = roundedPrice(charge, after, currency);
  const amountMinor = whole.amountMinor - billed.amountMinor;
  if (amountMinor === 0n) return undefined;
  return {
    key: `late:${late.usagePeriodStart}:${charge.key}`,
    kind: 'late_usage',
    description: `${charge.description}, late usage of the period from ${late.usagePeriodStart}`,
    quantity: decimalText(after.minus(before)),
    unit: unitOf(inputs, charge.meter),
    amountMinor: amountMinor.toString(),
    provenance: {
      ...latePeriod(inputs, late),
      ...meterOf(inputs, charge, usage),
      billedInvoiceId: late.billedInvoiceId,
    },
    steps: lateSteps(late, { before, billed, after, whole }, currency),
  };
}

function lateSteps(
  late: LateUsage,
  prices: { before: Decimal; billed: RoundedPrice; after: Decimal; whole: RoundedPrice },
  currency: string,
): LineStep[] {
  const { before, billed, after, whole } = prices;
  const billedAmount = minorToDecimal(billed.amountMinor, currency);
  const wholeAmount = minorToDecimal(whole.amountMinor, currency);
  const difference = formatMinor(whole.amountMinor - billed.amountMinor, currency);
  const where = late.billedInvoiceId === null ? 'on no invoice' : `on ${late.billedInvoiceId}`;
  return [
    lineStep('with_late_usage', `with late usage ${spoken(after)}: ${stepsSentence(whole.steps)}`, wholeAmount),
    lineStep('billed', `billed ${spoken(before)} ${where}: ${stepsSentence(billed.steps)}`, billedAmount),
    lineStep('difference', `the difference is ${difference}`, wholeAmount.minus(billedAmount)),
  ];
}

function roundedPrice(charge: Charge, quantity: Decimal, currency: string): RoundedPrice {
  const { amount, steps } = priceQuantity(charge, quantity);
  return rounded(amount, steps, currency);
}

function rounded(amount: Decimal, steps: readonly LineStep[], currency: string): RoundedPrice {
  const amountMinor = roundToMinor(amount, currency);
  const result = minorToDecimal(amountMinor, currency);
  if (result.eq(amount)) return { amountMinor, steps };
  const sentence = `rounded to ${formatMinor(amountMinor, currency)}`;
  return { amountMinor, steps: [...steps, lineStep('rounding', sentence, result)] };
}

type PeriodProvenance = Pick<
  LineProvenance,
  'planKey' | 'planVersion' | 'from' | 'to' | 'usagePeriodStart' | 'accountingPeriodStart'
>;

function ownPeriod({ planVersion, period }: RatingInputs): PeriodProvenance {
  return periodProvenance(planVersion, period.start, period.end, period.start);
}

function latePeriod({ period }: RatingInputs, late: LateUsage): PeriodProvenance {
  return periodProvenance(late.planVersion, late.usagePeriodStart, late.usagePeriodEnd, period.start);
}

function periodProvenance(
  plan: PlanVersion,
  from: string,
  to: string,
  accountingPeriodStart: string,
): PeriodProvenance {
  return { planKey: plan.key, planVersion: plan.version, from, to, usagePeriodStart: from, accountingPeriodStart };
}

type MeterProvenance = Pick<LineProvenance, 'charge' | 'meter' | 'meterVersion' | 'eventCount' | 'ledgerRange'>;

function meterOf(
  inputs: RatingInputs,
  charge: Charge,
  usage: Pick<MeteredUsage, 'eventCount' | 'ledgerRange'>,
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

function unitOf(inputs: RatingInputs, meterKey: string): string {
  return inputs.meters.find(({ key }) => key === meterKey)?.unit ?? 'unit';
}
