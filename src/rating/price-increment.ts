import type { Meter } from '../domain/meter.ts';
import type { Charge, PriceModel } from '../domain/plan.ts';
import { type Exact, exact, ZERO } from './exact.ts';
import type { UsageFigures } from './inputs.ts';
import { rulesOf } from './models/index.ts';
import { passesFilter } from './passes-filter.ts';
import { dueOf, priceCharge, type PricingContext } from './price-charge.ts';
import { UnpricedQuantityError } from './problem.ts';

/** Two states of the usage of one charge in one period, the second with more. */
export interface UsageIncrement {
  readonly before: UsageFigures;
  readonly after: UsageFigures;
}

/**
 * What more usage costs on top of what was used: price(after) − price(before), exact and in major units. The maximum and the
 * included units are regarded. What makes up for a minimum or a commitment is left out: it is nobody's usage, and known only at
 * the end of the period.
 *
 * So the increments of a period add up to price(everything) − price(nothing), for any split. Price(nothing) is what is due whatever
 * is used: a flat fee, the fee of a first band. It may be negative, where a higher band is cheaper as a whole.
 *
 * Throws `UnpricedQuantityError` where the price covers no such usage.
 */
export function priceIncrement(
  charge: Charge,
  { before, after }: UsageIncrement,
  context: Pick<PricingContext, 'aggregation' | 'currency' | 'share'>,
): Exact {
  const priceOf = (usage: UsageFigures): Exact => dueOf(priceCharge(charge, usage, { ...context, isLast: false }));
  return priceOf(after).minus(priceOf(before));
}

/** One event as a meter reads it. Quantities are whole units, plain decimals, not negative. */
export interface MeteredEvent {
  readonly quantity: string;
  /** Values of the meter's dimensions; one that the event does not have is not there. */
  readonly values: Readonly<Record<string, string>>;
  /** What the meter showed for the whole tenant in the period before the event; `null`: not known. */
  readonly usedBefore: string | null;
}

/** What one event costs: an exact amount in major units, or why that cannot be said, as a sentence. */
export type EventCost = { readonly amount: Exact } | { readonly reason: string };

/** Aggregations in which an event adds its own value, whatever came before. */
const ADDING: ReadonlySet<string> = new Set(['count', 'sum']);

/**
 * What one event costs by one charge, on top of what was used before it. Where each event is priced by itself, what came before
 * does not matter; where the quantity of the whole period is priced, it is `usedBefore` that decides. Everything else is not known
 * before the end of the period, and is answered with a reason.
 */
export function costOfEvent(
  charge: Charge,
  event: MeteredEvent,
  meter: Meter,
  priced: Pick<PricingContext, 'currency' | 'share'>,
): EventCost {
  if (!passesFilter(charge, event.values)) return { amount: ZERO };
  const reason = unknownBecause(charge, event, meter);
  if (reason !== undefined) return { reason };
  const context = { ...priced, aggregation: meter.aggregation };
  try {
    return { amount: priceIncrement(charge, incrementOf(charge, event, meter), context) };
  } catch (error) {
    if (error instanceof UnpricedQuantityError) return { reason: error.message };
    throw error;
  }
}

/** Whether each event of a charge costs the same whatever came before it: then prices of parts add up to the price of the whole. */
export function pricesEventsAlone(charge: Charge, { aggregation }: Pick<Meter, 'aggregation'>): boolean {
  const { includedUnits, conversion, discount, commitment, maximum, price } = charge;
  return (
    ADDING.has(aggregation) &&
    exact(includedUnits).isZero &&
    conversion?.rounding === undefined &&
    (discount === undefined || 'percent' in discount) &&
    commitment === undefined &&
    maximum === undefined &&
    addsUp(price)
  );
}

function addsUp(price: PriceModel): boolean {
  if (price.model === 'per_unit') return true;
  if (price.model === 'percentage') return price.freeEvents === undefined && price.freeAmount === undefined;
  if (price.model === 'bucketed') return addsUp(price.price);
  if (price.model !== 'matrix') return false;
  return price.cells.every((cell) => addsUp(cell.price)) && (price.otherwise === null || addsUp(price.otherwise));
}

function unknownBecause(charge: Charge, event: MeteredEvent, meter: Meter): string | undefined {
  if (pricesEventsAlone(charge, meter)) return undefined;
  const { price, groupBy, filter, key } = charge;
  const { reads } = rulesOf(price).reading(price);
  if (reads === 'events') return `${key} has an allowance that ends with the event that uses it up`;
  if (reads === 'parts' && price.model === 'bucketed') {
    return `${key} prices each ${price.bucket} as a whole, which is not over yet`;
  }
  if (reads === 'parts')
    return `${key} prices values of ${dimensionsOf(price)} apart, and what each has used is not counted`;
  if (groupBy !== undefined) return `${key} prices each ${groupBy} apart, and what each has used is not counted`;
  if (filter !== undefined) return `${key} prices a part of ${meter.key}, and what that has used is not counted`;
  if (meter.aggregation !== 'max' && !ADDING.has(meter.aggregation)) {
    return `${meter.key} is ${meter.aggregation}: one event does not say what it adds`;
  }
  if (event.usedBefore === null) return `what ${meter.key} showed before the event is not known`;
  return undefined;
}

function dimensionsOf(price: PriceModel): string {
  return price.model === 'matrix' ? price.dimensions.join(' and ') : 'its dimensions';
}

const NOTHING: UsageFigures = { quantity: '0', parts: [], amounts: [] };

function incrementOf(charge: Charge, event: MeteredEvent, meter: Meter): UsageIncrement {
  const { quantity, values, usedBefore } = event;
  if (pricesEventsAlone(charge, meter)) {
    const part = { values, bucket: null, quantity, eventCount: '1' };
    return { before: NOTHING, after: { quantity, parts: [part], amounts: [[quantity, 1]] } };
  }
  const before = exact(usedBefore ?? '0');
  const after = meter.aggregation === 'max' ? before.atLeast(exact(quantity)) : before.plus(exact(quantity));
  return { before: { quantity: before.text }, after: { quantity: after.text } };
}
