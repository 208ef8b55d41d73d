import type { LineStep } from '../../domain/invoice.ts';
import type { PercentagePrice } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { Exact, exact, ZERO } from '../exact.ts';
import type { Problem } from '../problem.ts';
import { lineStep, spoken } from '../sentences.ts';
import type { PriceModelRules } from './model.ts';
import { shareOf } from '../share.ts';

/** A share of each event's amount and a fee for each, after an allowance, between two bounds for each. */
export const percentage: PriceModelRules<PercentagePrice> = {
  reading: () => ({ reads: 'events' }),
  price: (price, { amounts }) => {
    const charged = chargedParts(price, amounts);
    const priced = charged.map((part) => priceEvent(price, part));
    const amount = Exact.sum(priced);
    return { amount, steps: stepsOf(price, amounts, charged, amount) };
  },
  check: (price, path) => [
    ...checkAmount(price.percent, `${path}.percent`),
    ...checkAmount(price.fixedFee, `${path}.fixedFee`),
    ...OPTIONAL_AMOUNTS.flatMap((name) => {
      const text = price[name];
      return text === undefined ? [] : checkAmount(text, `${path}.${name}`);
    }),
    ...checkEvents(price, path),
  ],
};

const OPTIONAL_AMOUNTS = ['freeAmount', 'freeEvents', 'minimumPerEvent', 'maximumPerEvent'] as const;

/**
 * What is charged of each event, in order; events that the allowance covers are left out. It ends for good at the first of its two
 * bounds that is used up, and the event that crosses the free amount is charged on its excess.
 */
function chargedParts({ freeEvents, freeAmount }: PercentagePrice, amounts: readonly Exact[]): Exact[] {
  const eventsMax = freeEvents === undefined ? undefined : Number(freeEvents);
  const amountMax = freeAmount === undefined ? undefined : exact(freeAmount);
  let isFree = eventsMax !== undefined || amountMax !== undefined;
  let freeSoFar = ZERO;
  const charged: Exact[] = [];
  for (const [index, amount] of amounts.entries()) {
    if (isFree && eventsMax !== undefined && index >= eventsMax) isFree = false;
    if (isFree && amountMax !== undefined && !freeSoFar.isBelow(amountMax)) isFree = false;
    if (!isFree) {
      charged.push(amount);
      continue;
    }
    freeSoFar = freeSoFar.plus(amount);
    if (amountMax === undefined || !freeSoFar.isAbove(amountMax)) continue;
    isFree = false;
    charged.push(freeSoFar.minus(amountMax));
  }
  return charged;
}

function priceEvent({ percent, fixedFee, minimumPerEvent, maximumPerEvent }: PercentagePrice, part: Exact): Exact {
  const amount = shareOf(part, exact(percent)).plus(exact(fixedFee));
  const raised = minimumPerEvent === undefined ? amount : amount.atLeast(exact(minimumPerEvent));
  return maximumPerEvent === undefined ? raised : raised.atMost(exact(maximumPerEvent));
}

/** One step each for what is free, the shares, the fees, and what the bounds of single events change. */
function stepsOf(price: PercentagePrice, amounts: readonly Exact[], charged: readonly Exact[], amount: Exact): LineStep[] {
  const base = Exact.sum(charged);
  const free = amounts.length - charged.length;
  const share = shareOf(base, exact(price.percent));
  const fees = exact(price.fixedFee).times(exact(BigInt(charged.length)));
  const bounded = amount.minus(share).minus(fees);
  const steps: LineStep[] = [];
  if (free > 0) steps.push(lineStep('free_events', `${free} of ${amounts.length} events free`, ZERO));
  steps.push(lineStep('share', `${spoken(base)} × ${price.percent} % = ${spoken(share)}`, share));
  if (!fees.isZero) {
    steps.push(lineStep('fixed_fee', `${charged.length} × ${spoken(exact(price.fixedFee))} = ${spoken(fees)}`, fees));
  }
  if (!bounded.isZero) {
    steps.push(lineStep('per_event_bounds', `${spoken(bounded)} by the bounds of single events`, bounded));
  }
  return steps;
}

function checkEvents({ freeEvents, minimumPerEvent, maximumPerEvent }: PercentagePrice, path: string): Problem[] {
  const problems: Problem[] = [];
  if (freeEvents !== undefined && !/^\d{1,9}$/.test(freeEvents)) {
    problems.push({ path: `${path}.freeEvents`, message: 'must be a whole number of events below 1,000,000,000' });
  }
  const areReadable = [minimumPerEvent, maximumPerEvent].every((text) => text !== undefined && checkAmount(text, '').length === 0);
  if (areReadable && exact(minimumPerEvent ?? '0').isAbove(exact(maximumPerEvent ?? '0'))) {
    problems.push({ path: `${path}.maximumPerEvent`, message: 'must not be below minimumPerEvent' });
  }
  return problems;
}
