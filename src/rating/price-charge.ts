import type { Aggregation } from '../domain/meter.ts';
import type { CurrencyCode } from '../domain/money.ts';
import type { Charge, Commitment, Discount } from '../domain/plan.ts';
import { billableQuantity, convertedParts, type Units } from './billable-units.ts';
import { commitmentStep } from './commitment.ts';
import { Exact, exact, ZERO } from './exact.ts';
import type { UsageFigures } from './inputs.ts';
import { rulesOf } from './models/index.ts';
import type { BillablePart, BillableUsage, PricedQuantity } from './models/model.ts';
import { lineStep, spoken } from './sentences.ts';
import { shareOf } from './share.ts';

/** What pricing a charge needs beside the charge and its usage. */
export interface PricingContext {
  /** Of the charge's meter: how parts of its usage come together. */
  readonly aggregation: Aggregation;
  readonly currency: CurrencyCode;
  /** What was billed of the charge before, in the same period; left out: nothing. */
  readonly earlier?: EarlierUsage;
  /** Left out: true. Only the last bill of a period makes up for what is missing to a minimum or commitment. */
  readonly isLast?: boolean;
}

/** What came before in the same period. */
export interface EarlierUsage {
  /**
   * Billed units: converted, and without those that were included. They fill the lower bands, and their own price is taken off, at
   * zero too: the flat fee of a first band that is due without usage was due then. Left out: these units begin at zero again.
   */
  readonly units?: Exact;
  /** Major units. */
  readonly billed: Exact;
}

/** A charge priced: exact, in major units, not yet rounded. What is due is `amount + shortfall − excess`. */
export interface PricedCharge extends PricedQuantity {
  /** What is missing to the charge's minimum. Not negative. */
  readonly shortfall: Exact;
  /** What goes beyond the charge's maximum. Not negative. */
  readonly excess: Exact;
}

const NOTHING_BEFORE: EarlierUsage = { billed: ZERO };

/**
 * Prices usage by one charge, in the one order there is: conversion, included units, the price of the model (of what is above
 * earlier units), discount, commitment, minimum, maximum. Exact and pure. A negative quantity is priced 0: usage becomes a
 * credit only through a correction.
 *
 * Throws `UnpricedQuantityError` where the price covers no such usage.
 */
export function priceCharge(charge: Charge, usage: UsageFigures, context: PricingContext): PricedCharge {
  const { earlier = NOTHING_BEFORE, isLast = true } = context;
  const priced = withCommitment(charge.commitment, withDiscount(charge.discount, priceUnits(charge, usage, context)), {
    billed: earlier.billed,
    isLast,
  });
  const raised = isLast ? raisedTo(charge.minimum, priced.amount, earlier.billed) : priced.amount;
  const due = loweredTo(charge.maximum, raised, earlier.billed);
  return { ...priced, shortfall: raised.minus(priced.amount), excess: raised.minus(due) };
}

/** What a priced charge comes to, minimum and maximum regarded. */
export function dueOf({ amount, shortfall, excess }: PricedCharge): Exact {
  return amount.plus(shortfall).minus(excess);
}

function raisedTo(minimum: string | undefined, amount: Exact, billed: Exact): Exact {
  return minimum === undefined ? amount : amount.atLeast(exact(minimum).minus(billed));
}

function loweredTo(maximum: string | undefined, amount: Exact, billed: Exact): Exact {
  return maximum === undefined ? amount : amount.atMost(exact(maximum).minus(billed).atLeast(ZERO));
}

function priceUnits(charge: Charge, usage: UsageFigures, context: PricingContext): PricedQuantity {
  if (charge.groupBy === undefined) return priceTogether(charge, usage, context);
  return priceGroups(charge, charge.groupBy, usage, context);
}

/** Each value of the dimension by itself, in order; usage without the dimension is a group of its own. */
function priceGroups(
  charge: Charge,
  dimension: string,
  { parts = [] }: UsageFigures,
  context: PricingContext,
): PricedQuantity {
  const groups = Map.groupBy(parts, ({ values }) => values[dimension] ?? null);
  const priced = [...groups].map(([value, ofGroup]): PricedQuantity => {
    const quantity = combined(ofGroup, context.aggregation).text;
    const { amount, steps } = priceTogether(charge, { quantity, parts: ofGroup }, context);
    const name = value === null ? `without ${dimension}` : `${dimension} ${value}`;
    return { amount, steps: steps.map((step) => ({ ...step, sentence: `${name}: ${step.sentence}` })) };
  });
  if (priced.length === 0) return { amount: ZERO, steps: [lineStep('groups', 'no usage = 0', ZERO)] };
  return withSum({
    amount: Exact.sum(priced.map(({ amount }) => amount)),
    steps: priced.flatMap(({ steps }) => steps),
  });
}

function combined(parts: readonly { readonly quantity: string }[], aggregation: Aggregation): Exact {
  const quantities = parts.map(({ quantity }) => exact(quantity));
  if (aggregation !== 'max') return Exact.sum(quantities);
  return quantities.reduce((peak, quantity) => peak.atLeast(quantity), ZERO);
}

function priceTogether(charge: Charge, usage: UsageFigures, context: PricingContext): PricedQuantity {
  const units = billableQuantity(charge, exact(usage.quantity).atLeast(ZERO));
  const parts = convertedParts(charge, usage.parts ?? []);
  const amounts = (usage.amounts ?? []).flatMap(([value, times]) => {
    return Array.from<Exact>({ length: times }).fill(exact(value));
  });
  const priced = priceAbove(charge, { units, parts, amounts }, context.earlier?.units, context.currency);
  return withSum({ ...priced, steps: [...units.steps, ...priced.steps] });
}

interface UnitsToPrice {
  readonly units: Units;
  readonly parts: readonly BillablePart[];
  readonly amounts: readonly Exact[];
}

/** The price of the units less that of those before them: together they are priced as one. */
function priceAbove(
  { price }: Charge,
  { units, parts, amounts }: UnitsToPrice,
  before: Exact | undefined,
  currency: CurrencyCode,
): PricedQuantity {
  const { quantity, freeUnits } = units;
  const priceOf = (usage: BillableUsage): PricedQuantity => rulesOf(price).price(price, usage, currency);
  if (before === undefined) return priceOf({ quantity, freeUnits, parts, amounts });
  const whole = priceOf({ quantity: before.plus(quantity), freeUnits, parts, amounts });
  const earlier = priceOf({ quantity: before, freeUnits: ZERO, parts: [], amounts: [] });
  const taken = earlier.amount.negated();
  const sentence = `less ${spoken(earlier.amount)} of the ${spoken(before)} before`;
  return { amount: whole.amount.plus(taken), steps: [...whole.steps, lineStep('before', sentence, taken)] };
}

function withDiscount(discount: Discount | undefined, priced: PricedQuantity): PricedQuantity {
  if (discount === undefined) return priced;
  const taken =
    'percent' in discount
      ? shareOf(priced.amount, exact(discount.percent))
      : exact(discount.amount).atMost(priced.amount.atLeast(ZERO));
  const name = 'percent' in discount ? `${discount.percent} % discount` : 'discount';
  const step = lineStep('discount', `${name} ${spoken(taken.negated())}`, taken.negated());
  return withSum({ amount: priced.amount.minus(taken), steps: [...priced.steps, step] });
}

function withCommitment(
  commitment: Commitment | undefined,
  priced: PricedQuantity,
  { billed, isLast }: { readonly billed: Exact; readonly isLast: boolean },
): PricedQuantity {
  if (commitment === undefined) return priced;
  const added = commitmentStep(commitment, { amount: priced.amount, billed, isLast });
  if (added === undefined) return priced;
  return withSum({ amount: priced.amount.plus(added.change), steps: [...priced.steps, added.step] });
}

/** Says what the parts add up to, where there is more than one. */
function withSum({ amount, steps }: PricedQuantity): PricedQuantity {
  const parts = steps.filter((step) => step.step !== 'sum');
  if (parts.filter((step) => step.amount !== '0').length < 2) return { amount, steps: parts };
  return { amount, steps: [...parts, lineStep('sum', `together ${spoken(amount)}`, amount)] };
}
