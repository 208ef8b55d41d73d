import type { LineStep } from '../../domain/invoice.ts';
import type { PercentagePrice } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { Exact, exact, ZERO } from '../exact.ts';
import type { Problem } from '../problem.ts';
import { lineStep, spoken } from '../sentences.ts';
import { shareOf } from '../share.ts';
import type { AmountRun, PriceModelRules } from './model.ts';

/**
 * A share of each event's amount and a fee for each, after an allowance, between two bounds for each. An event below zero is no
 * event of this price: money comes back by corrections only.
 */
export const percentage: PriceModelRules<PercentagePrice> = {
  reading: () => ({ reads: 'events' }),
  price: (price, { amounts }) => {
    const runs = amounts.filter(({ value }) => !value.isNegative);
    const charged = chargedRuns(price, runs);
    const amount = Exact.sum(charged.map(({ value, times }) => priceEvent(price, value).times(whole(times))));
    const counts = { all: eventsIn(amounts), below: eventsIn(amounts) - eventsIn(runs), charged: eventsIn(charged) };
    return { amount, steps: stepsOf(price, { counts, charged, amount }) };
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

const OPTIONAL_AMOUNTS = ['freeAmount', 'minimumPerEvent', 'maximumPerEvent'] as const;

function whole(count: number): Exact {
  return exact(BigInt(count));
}

function eventsIn(runs: readonly AmountRun[]): number {
  return runs.reduce((sum, { times }) => sum + times, 0);
}

/** What is left of an allowance; `null`: not bounded in this way. */
interface Allowance {
  readonly events: number | null;
  readonly amount: Exact | null;
}

/**
 * What is charged of the events, in order; those that the allowance covers are left out. It ends for good at the first of its two
 * bounds that is used up, and the event that crosses the free amount is charged on its excess. Runs are not taken apart into
 * events: a million equal ones are one step of work.
 */
function chargedRuns(price: PercentagePrice, runs: readonly AmountRun[]): AmountRun[] {
  let left = allowanceOf(price);
  return runs.flatMap((run) => {
    if (left === undefined) return [run];
    const taken = takeFree(run, left);
    left = taken.left;
    return taken.charged;
  });
}

function allowanceOf({ freeEvents, freeAmount }: PercentagePrice): Allowance | undefined {
  if (freeEvents === undefined && freeAmount === undefined) return undefined;
  return {
    events: freeEvents === undefined ? null : Number(freeEvents),
    amount: freeAmount === undefined ? null : exact(freeAmount),
  };
}

/** The part of a run that an allowance leaves to be charged, perhaps no times, and what is left of it; `undefined` once it has ended. */
function takeFree(
  { value, times }: AmountRun,
  { events, amount }: Allowance,
): { readonly charged: readonly AmountRun[]; readonly left: Allowance | undefined } {
  const free = Math.min(times, events ?? times, wholeEventsIn(amount, value, times));
  const after = amount === null ? null : amount.minus(value.times(whole(free)));
  const eventsAfter = events === null ? null : events - free;
  if (eventsAfter === 0) {
    return { charged: [{ value, times: times - free }], left: undefined };
  }
  if (free === times) return { charged: [], left: { events: eventsAfter, amount: after } };
  // Events are left, so it is the amount that the next one crosses, or that was used up just before it.
  const excess = value.minus(after ?? ZERO);
  return {
    charged: [
      { value: excess, times: 1 },
      { value, times: times - free - 1 },
    ],
    left: undefined,
  };
}

/** How many events of a value a free amount covers as a whole, at most `times`. */
function wholeEventsIn(amount: Exact | null, value: Exact, times: number): number {
  if (amount === null) return times;
  if (amount.isZero) return 0;
  if (value.isZero) return times;
  return Number(amount.dividedBy(value).floor().atMost(whole(times)).text);
}

function priceEvent({ percent, fixedFee, minimumPerEvent, maximumPerEvent }: PercentagePrice, part: Exact): Exact {
  const amount = shareOf(part, exact(percent)).plus(exact(fixedFee));
  const raised = minimumPerEvent === undefined ? amount : amount.atLeast(exact(minimumPerEvent));
  return maximumPerEvent === undefined ? raised : raised.atMost(exact(maximumPerEvent));
}

interface PricedEvents {
  readonly counts: { readonly all: number; readonly below: number; readonly charged: number };
  readonly charged: readonly AmountRun[];
  readonly amount: Exact;
}

/** One step each for what is free, the shares, the fees, and what the bounds of single events change. */
function stepsOf(price: PercentagePrice, { counts, charged, amount }: PricedEvents): LineStep[] {
  const base = Exact.sum(charged.map(({ value, times }) => value.times(whole(times))));
  const free = counts.all - counts.below - counts.charged;
  const [share, fee] = [shareOf(base, exact(price.percent)), exact(price.fixedFee)];
  const fees = fee.times(whole(counts.charged));
  const bounded = amount.minus(share).minus(fees);
  const said = (count: number): string => spoken(whole(count));
  const steps: LineStep[] = [];
  const tell = (step: string, sentence: string, value: Exact): number => steps.push(lineStep(step, sentence, value));
  if (counts.below > 0) tell('events_below_zero', `${said(counts.below)} of ${said(counts.all)} events below 0`, ZERO);
  if (free > 0) tell('free_events', `${said(free)} of ${said(counts.all)} events free`, ZERO);
  tell('share', `${spoken(base)} × ${price.percent} % = ${spoken(share)}`, share);
  if (!fees.isZero) tell('fixed_fee', `${said(counts.charged)} × ${spoken(fee)} = ${spoken(fees)}`, fees);
  if (!bounded.isZero) tell('per_event_bounds', `${spoken(bounded)} by the bounds of single events`, bounded);
  return steps;
}

const WHOLE_EVENTS = /^(?:0|[1-9]\d{0,8})$/;

function checkEvents({ freeEvents, minimumPerEvent, maximumPerEvent }: PercentagePrice, path: string): Problem[] {
  const problems: Problem[] = [];
  if (freeEvents !== undefined && !WHOLE_EVENTS.test(freeEvents)) {
    problems.push({ path: `${path}.freeEvents`, message: 'must be a whole number of events below 1,000,000,000' });
  }
  if (minimumPerEvent === undefined || maximumPerEvent === undefined) return problems;
  const areReadable = [minimumPerEvent, maximumPerEvent].every((text) => checkAmount(text, '').length === 0);
  if (areReadable && exact(minimumPerEvent).isAbove(exact(maximumPerEvent))) {
    const message = `${maximumPerEvent} is below minimumPerEvent, ${minimumPerEvent}: no event could keep to both`;
    problems.push({ path: `${path}.maximumPerEvent`, message });
  }
  return problems;
}
