import type { Aggregation } from '../domain/meter.ts';
import type { CurrencyCode } from '../domain/money.ts';
import type { Charge } from '../domain/plan.ts';
import { aroundPrice, boundsOf } from './around-price.ts';
import { billableQuantity, convertedParts } from './billable-units.ts';
import { Exact, exact, ONE, ZERO } from './exact.ts';
import type { UsageFigures } from './inputs.ts';
import { addedParts, withSum } from './models/added.ts';
import { rulesOf } from './models/index.ts';
import type { BillableUsage, PricedQuantity } from './models/model.ts';
import { UnpricedQuantityError } from './problem.ts';
import { readingOf } from './reading-of.ts';
import { lineStep, spoken } from './sentences.ts';

/** What pricing a charge needs beside the charge and its usage. */
export interface PricingContext {
  /** Of the charge's meter: how parts of its usage come together. */
  readonly aggregation: Aggregation;
  readonly currency: CurrencyCode;
  /** What was billed of the charge before, in the same period; left out: nothing. */
  readonly earlier?: EarlierUsage;
  /**
   * How much of its period the usage is of; left out: all. What a charge promises or bounds for a period, in money, is prorated by it:
   * commitment, minimum, maximum, a fixed discount, and a fee that is due always. Included units and bands are not.
   */
  readonly share?: Exact;
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
  /** Metered units behind `units`, where a conversion rounds them together with these; left out: each is rounded by itself. */
  readonly metered?: Exact;
  /** Of the included units, those that were used; left out: none, all of them are there again. */
  readonly includedUnits?: Exact;
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

/**
 * Prices usage by one charge, in the one order there is: conversion, included units, the price of the model (of what is above
 * earlier units), discount, commitment, minimum, maximum. Exact and pure. A negative quantity is priced 0: usage becomes a
 * credit only through a correction.
 *
 * Throws `UnpricedQuantityError` where the price covers no such usage, and `RangeError` for units before those of a price that is not of
 * one quantity.
 */
export function priceCharge(charge: Charge, usage: UsageFigures, context: PricingContext): PricedCharge {
  const standing = {
    billed: context.earlier?.billed ?? ZERO,
    isLast: context.isLast ?? true,
    share: context.share ?? ONE,
  };
  const priced = aroundPrice(charge, priceUnits(charge, usage, context), standing);
  return { ...priced, ...boundsOf(charge, priced.amount, standing) };
}

/** What a priced charge comes to, minimum and maximum regarded. */
export function dueOf({ amount, shortfall, excess }: PricedCharge): Exact {
  return amount.plus(shortfall).minus(excess);
}

function priceUnits(charge: Charge, usage: UsageFigures, context: PricingContext): PricedQuantity {
  if (context.earlier?.units !== undefined) refuseUnitsBefore(charge);
  try {
    if (charge.groupBy === undefined) return priceTogether(charge, usage, context);
    return priceGroups(charge, charge.groupBy, usage, context);
  } catch (error) {
    if (!(error instanceof UnpricedQuantityError)) throw error;
    // Models do not know whose price they are.
    throw new UnpricedQuantityError(`charge ${charge.key}: ${error.message}`);
  }
}

/** What came before would have to be known by group, part or event: one number of units would be priced wrongly, and silently. */
function refuseUnitsBefore(charge: Charge): void {
  const { reads } = readingOf(charge);
  if (reads === 'quantity') return;
  throw new RangeError(`charge ${charge.key} cannot be priced on top of units before: it is priced on ${reads}`);
}

/** Each value of the dimension by itself, in order; usage without the dimension is a group of its own. */
function priceGroups(
  charge: Charge,
  dimension: string,
  { parts = [] }: UsageFigures,
  context: PricingContext,
): PricedQuantity {
  const groups = Map.groupBy(parts, ({ values }) => values[dimension] ?? null);
  const priced = [...groups].map(([value, ofGroup]) => {
    const quantity = combined(ofGroup, context.aggregation).text;
    const name = value === null ? `without ${dimension}` : `${dimension} ${value}`;
    return { name, ...priceTogether(charge, { quantity, parts: ofGroup }, context) };
  });
  return withSum(addedParts(priced, `values of ${dimension}`));
}

function combined(parts: readonly { readonly quantity: string }[], aggregation: Aggregation): Exact {
  const quantities = parts.map(({ quantity }) => exact(quantity));
  if (aggregation !== 'max') return Exact.sum(quantities);
  return quantities.reduce((peak, quantity) => peak.atLeast(quantity), ZERO);
}

function priceTogether(charge: Charge, usage: UsageFigures, context: PricingContext): PricedQuantity {
  const metered = exact(usage.quantity).atLeast(ZERO);
  const { includedUnits, metered: meteredBefore } = context.earlier ?? {};
  const { quantity, freeUnits, steps } = billableQuantity(charge, metered, includedUnits, meteredBefore);
  const billable: BillableUsage = {
    quantity,
    freeUnits,
    parts: convertedParts(charge, usage.parts ?? []),
    amounts: (usage.amounts ?? []).map(([value, times]) => ({ value: exact(value), times })),
  };
  const priced = priceAbove(charge, billable, context);
  return withSum({ ...priced, steps: [...steps, ...priced.steps] });
}

/** The price of the units less that of those before them: together they are priced as one. */
function priceAbove(charge: Charge, usage: BillableUsage, { earlier, currency }: PricingContext): PricedQuantity {
  const { price } = charge;
  const priceOf = (quantity: Exact, freeUnits: Exact): PricedQuantity => {
    return rulesOf(price).price(price, { ...usage, quantity, freeUnits }, currency);
  };
  const { quantity, freeUnits } = usage;
  const before = earlier?.units;
  if (before === undefined) return priceOf(quantity, freeUnits);
  // Where free units count for the band, those that were used before lie in the lowest bands.
  const freeBefore = charge.includedUnitsTaken === 'after_band' ? (earlier?.includedUnits ?? ZERO) : ZERO;
  const whole = priceOf(before.plus(quantity), freeBefore.plus(freeUnits));
  const earlierAmount = priceOf(before, freeBefore).amount;
  const taken = earlierAmount.negated();
  const sentence = `less ${spoken(earlierAmount)} of the ${spoken(before)} before`;
  return { amount: whole.amount.plus(taken), steps: [...whole.steps, lineStep('before', sentence, taken)] };
}
