import type { InvoiceLine, LineProvenance, LineStep } from '../domain/invoice.ts';
import { type AmountMinor, formatMinor } from '../domain/money.ts';
import type { Charge, PlanVersion } from '../domain/plan.ts';
import { stepsSentence } from '../domain/steps-sentence.ts';
import { type Exact, exact } from './exact.ts';
import type { ChargeUsage, LateChargeUsage, LateUsage, RatedSpan, RatingInputs, UsageFigures } from './inputs.ts';
import { dueOf, priceCharge, type PricedCharge } from './price-charge.ts';
import { proratedFee } from './proration.ts';
import { minorToExact, roundToMinor } from './rounding.ts';
import { lineStep, spoken } from './sentences.ts';

/** The plan's fee of a span, due whatever was used. None where the fee is zero. */
export function baseFeeLines(inputs: RatingInputs, span: RatedSpan): InvoiceLine[] {
  const { planVersion } = span;
  const fee = exact(planVersion.baseFee);
  if (fee.isZero) return [];
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

const NO_USAGE = { meter: null, meterVersion: null, eventCount: '0', ledgerRange: null } as const;

/**
 * The lines of one charge for the usage of a span: the price, which is there for no usage too, so that a bill shows it; and what
 * its minimum adds and its maximum takes. Together they come to the rounded whole.
 */
export function usageLines(inputs: RatingInputs, span: RatedSpan, charge: Charge): InvoiceLine[] {
  const usage = span.usage.find((one) => one.charge === charge.key) ?? noUsage(charge);
  const priced = price(inputs, charge, usage, inputs.isLast);
  const provenance = { ...ofSpan(inputs, span), ...ofMeter(inputs, charge, usage) };
  const { currency } = inputs.tenant;
  const key = lineKey(inputs, span, `charge:${charge.key}`);
  const line: InvoiceLine = {
    key,
    kind: 'usage',
    description: charge.description,
    quantity: exact(usage.quantity).text,
    unit: unitOf(inputs, charge.meter),
    ...roundedLine(priced.amount, priced.steps, currency),
    provenance,
  };
  return [line, ...boundLines({ key, charge, priced, provenance, currency })];
}

function noUsage({ key }: Charge): ChargeUsage {
  return { charge: key, quantity: '0', eventCount: '0', ledgerRange: null };
}

function price(inputs: RatingInputs, charge: Charge, usage: UsageFigures, isLast: boolean): PricedCharge {
  const meter = inputs.meters.find(({ key }) => key === charge.meter);
  return priceCharge(charge, usage, {
    aggregation: meter?.aggregation ?? 'sum',
    currency: inputs.tenant.currency,
    isLast,
  });
}

interface BoundedCharge {
  readonly key: string;
  readonly charge: Charge;
  readonly priced: PricedCharge;
  readonly provenance: LineProvenance;
  readonly currency: string;
}

/** What minimum and maximum change, each as the difference of rounded amounts: so no minor unit is lost between the lines. */
function boundLines({ key, charge, priced, provenance, currency }: BoundedCharge): InvoiceLine[] {
  const { amount, shortfall, excess } = priced;
  const raised = amount.plus(shortfall);
  const line = (kind: 'minimum' | 'maximum', from: Exact, to: Exact, sentence: string): InvoiceLine => ({
    key: `${key}:${kind}`,
    kind,
    description: `${charge.description}, ${kind}`,
    quantity: '1',
    unit: 'period',
    exactAmount: to.minus(from).text,
    amountMinor: (roundToMinor(to, currency) - roundToMinor(from, currency)).toString(),
    provenance,
    steps: [lineStep(kind, sentence, to.minus(from))],
  });
  const { minimum = '0', maximum = '0' } = charge;
  return [
    ...(shortfall.isZero
      ? []
      : [line('minimum', amount, raised, `${spoken(shortfall)} missing to the minimum of ${spoken(exact(minimum))}`)]),
    ...(excess.isZero
      ? []
      : [
          line(
            'maximum',
            raised,
            raised.minus(excess),
            `${spoken(excess)} beyond the maximum of ${spoken(exact(maximum))} are not charged`,
          ),
        ]),
  ];
}

/** What earlier bills of the period billed, taken off: so that increments add up to the whole. */
export function billedLines(inputs: RatingInputs): InvoiceLine[] {
  const { currency } = inputs.tenant;
  const [span] = inputs.spans;
  if (span === undefined) return [];
  return inputs.earlier.flatMap(({ invoiceId, amounts }) =>
    amounts.map(({ key, amountMinor }): InvoiceLine => {
      const taken = minorToExact(-BigInt(amountMinor), currency);
      return {
        key: `billed:${invoiceId}:${key}`,
        kind: 'already_billed',
        description: `${key}, already billed`,
        quantity: '1',
        unit: 'bill',
        exactAmount: taken.text,
        amountMinor: (-BigInt(amountMinor)).toString(),
        provenance: { ...ofSpan(inputs, span), ...NO_USAGE, charge: null, billedInvoiceId: invoiceId },
        steps: [lineStep('billed', `billed by ${invoiceId}: ${spoken(taken)}`, taken)],
      };
    }),
  );
}

/**
 * The line of one charge for late usage: price(with it) − price(what was billed), both rounded first, so that what was billed
 * is taken off exactly as it was billed and increments add up to the whole. None when it makes no difference.
 */
export function lateLines(inputs: RatingInputs, late: LateUsage, charge: Charge): InvoiceLine[] {
  const usage = late.usage.find((one) => one.charge === charge.key);
  if (usage === undefined) return [];
  const { currency } = inputs.tenant;
  const billed = roundedDue(price(inputs, charge, usage.before, true), currency);
  const whole = roundedDue(price(inputs, charge, usage.after, true), currency);
  const amountMinor = whole.amountMinor - billed.amountMinor;
  if (amountMinor === 0n) return [];
  return [
    {
      key: `late:${late.usagePeriodStart}:${charge.key}`,
      kind: 'late_usage',
      description: `${charge.description}, late usage of the period from ${late.usagePeriodStart}`,
      quantity: exact(usage.after.quantity).minus(exact(usage.before.quantity)).text,
      unit: unitOf(inputs, charge.meter),
      exactAmount: minorToExact(amountMinor, currency).text,
      amountMinor: amountMinor.toString(),
      provenance: {
        ...ofLatePeriod(inputs, late),
        ...ofMeter(inputs, charge, usage),
        billedInvoiceId: late.billedInvoiceId,
      },
      steps: lateSteps(late, usage, { billed, whole }, currency),
    },
  ];
}

interface RoundedDue {
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

/** The figures of a line that is rounded by itself. */
export function roundedLine(
  amount: Exact,
  steps: readonly LineStep[],
  currency: string,
): Pick<InvoiceLine, 'exactAmount' | 'amountMinor' | 'steps'> {
  const amountMinor = roundToMinor(amount, currency).toString();
  return { exactAmount: amount.text, amountMinor, steps: withRounding(amount, steps, currency) };
}

function withRounding(amount: Exact, steps: readonly LineStep[], currency: string): readonly LineStep[] {
  const amountMinor = roundToMinor(amount, currency);
  const rounded = minorToExact(amountMinor, currency);
  if (rounded.equals(amount)) return steps;
  return [...steps, lineStep('rounding', `rounded to ${formatMinor(amountMinor, currency)}`, rounded)];
}

/** The spans of a period are told apart by their start where there is more than one. */
function lineKey({ spans }: RatingInputs, { from }: RatedSpan, key: string): string {
  return spans.length === 1 ? key : `${key}:${from}`;
}

type PeriodProvenance = Pick<
  LineProvenance,
  'planKey' | 'planVersion' | 'from' | 'to' | 'usagePeriodStart' | 'accountingPeriodStart'
>;

function ofSpan({ period }: RatingInputs, { planVersion, from, to }: RatedSpan): PeriodProvenance {
  return { ...ofPlan(planVersion), from, to, usagePeriodStart: period.start, accountingPeriodStart: period.start };
}

function ofLatePeriod({ period }: RatingInputs, late: LateUsage): PeriodProvenance {
  const { usagePeriodStart, usagePeriodEnd, planVersion } = late;
  return {
    ...ofPlan(planVersion),
    from: usagePeriodStart,
    to: usagePeriodEnd,
    usagePeriodStart,
    accountingPeriodStart: period.start,
  };
}

function ofPlan({ key, version }: PlanVersion): { readonly planKey: string; readonly planVersion: number } {
  return { planKey: key, planVersion: version };
}

type MeterProvenance = Pick<LineProvenance, 'charge' | 'meter' | 'meterVersion' | 'eventCount' | 'ledgerRange'>;

function ofMeter(
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

function unitOf(inputs: RatingInputs, meterKey: string): string {
  return inputs.meters.find(({ key }) => key === meterKey)?.unit ?? 'unit';
}
