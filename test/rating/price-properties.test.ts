import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Charge } from '../../src/domain/plan.ts';
import { checkPlan } from '../../src/rating/check-plan.ts';
import { Exact, exact, ZERO } from '../../src/rating/exact.ts';
import type { UsageFigures } from '../../src/rating/inputs.ts';
import { rulesOf } from '../../src/rating/models/index.ts';
import { dueOf, priceCharge, type PricedCharge } from '../../src/rating/price-charge.ts';
import { priceIncrement } from '../../src/rating/price-increment.ts';
import { generatedCharges, generatedMeter, quantities, RATING_RUNS } from './generated-charges.ts';
import { figuresOf, type GeneratedEvent, generatedEvents } from './generated-usage.ts';
import { samplePlan } from './sample-inputs.ts';

/** Laws of one charge, for every model and everything that may stand around a price. */

const RUNS = { numRuns: RATING_RUNS };
const aggregations = fc.constantFrom('sum' as const, 'max' as const, 'latest' as const);

/** A charge with its meter's aggregation. */
const anyCharge = (monotone: boolean) =>
  aggregations.chain((aggregation) =>
    generatedCharges('calls', { monotone, aggregation }).map((charge) => ({ charge, aggregation })),
  );
type AnyCharge = Parameters<Parameters<ReturnType<typeof anyCharge>['map']>[0]>[0];

function priced({ charge, aggregation }: AnyCharge, events: readonly GeneratedEvent[], isLast = true): PricedCharge {
  return priceCharge(charge, figuresOf(charge, events, aggregation), { aggregation, currency: 'USD', isLast });
}

const amountOf = (amount: string): Exact => {
  const [numerator = '0', denominator = '1'] = amount.split('/');
  return exact(numerator).dividedBy(exact(denominator));
};

test('what is generated is what the check of a plan lets through', () => {
  fc.assert(
    fc.property(anyCharge(false), ({ charge, aggregation }) => {
      const meters = new Map([['calls', generatedMeter('calls', aggregation)]]);
      expect(checkPlan(samplePlan({ charges: [charge] }), meters)).toEqual([]);
    }),
    RUNS,
  );
});

test('more usage never costs less, where no band is cheaper as a whole', () => {
  fc.assert(
    fc.property(anyCharge(true), generatedEvents, generatedEvents, fc.boolean(), (any, events, more, isLast) => {
      const less = dueOf(priced(any, events, isLast));
      expect(dueOf(priced(any, [...events, ...more], isLast)).isBelow(less)).toBe(false);
    }),
    RUNS,
  );
});

test('what each of several increments costs adds up to what all of them cost, for any split', () => {
  fc.assert(
    fc.property(anyCharge(false), generatedEvents, fc.array(fc.nat(12)), ({ charge, aggregation }, events, cuts) => {
      const ends = [0, ...cuts.map((cut) => Math.min(cut, events.length)), events.length].toSorted((a, b) => a - b);
      const figures = ends.map((end) => figuresOf(charge, events.slice(0, end), aggregation));
      const context = { aggregation, currency: 'USD' };
      const costs = figures
        .slice(1)
        .map((after, index) => priceIncrement(charge, { before: figures[index] ?? after, after }, context));
      const due = (usage: UsageFigures): Exact => dueOf(priceCharge(charge, usage, { ...context, isLast: false }));
      const [nothing, everything] = [figures[0], figures.at(-1)];
      if (nothing === undefined || everything === undefined) throw new Error('there are two ends');
      expect(Exact.sum(costs).text).toBe(due(everything).minus(due(nothing)).text);
    }),
    RUNS,
  );
});

/** What a bill inside a period is priced by: bands go on where the one before has ended. */
const billedInParts = fc
  .tuple(generatedCharges('calls', { monotone: true, aggregation: 'sum' }), fc.boolean(), fc.boolean())
  .filter(([{ price }]) => rulesOf(price).reading(price).reads === 'quantity')
  .map(([charge, hasMinimum, hasMaximum]): Charge => {
    const { key, meter, description, price, minimum, maximum } = charge;
    return {
      key,
      meter,
      description,
      price,
      includedUnits: '0',
      ...(hasMinimum && minimum !== undefined ? { minimum } : {}),
      ...(hasMaximum && maximum !== undefined ? { maximum } : {}),
    };
  });

test('bills inside a period, each above the units of those before, add up to the bill of the whole', () => {
  fc.assert(
    fc.property(billedInParts, fc.array(quantities, { minLength: 1, maxLength: 5 }), (charge, increments) => {
      // A rounded product is no sum of rounded products.
      fc.pre(charge.price.model !== 'dynamic');
      const context = { aggregation: 'sum', currency: 'USD' } as const;
      let [units, billed] = [ZERO, ZERO];
      for (const [index, quantity] of increments.entries()) {
        const isLast = index === increments.length - 1;
        // The first bill has nothing before it; what is due whatever is used is on that one.
        const earlier = index === 0 ? {} : { earlier: { units, billed } };
        billed = billed.plus(dueOf(priceCharge(charge, { quantity }, { ...context, ...earlier, isLast })));
        units = units.plus(exact(quantity));
      }
      expect(billed.text).toBe(dueOf(priceCharge(charge, { quantity: units.text }, context)).text);
    }),
    RUNS,
  );
});

test('the steps of a price come to its amount', () => {
  fc.assert(
    fc.property(anyCharge(false), generatedEvents, (any, events) => {
      const { amount, steps } = priced(any, events);
      const parts = steps.filter(({ step }) => step !== 'sum');
      expect(Exact.sum(parts.map((step) => amountOf(step.amount))).text).toBe(amount.text);
    }),
    RUNS,
  );
});

test('minimum and maximum hold, and only what they change is said to be missing or given back', () => {
  fc.assert(
    fc.property(anyCharge(false), generatedEvents, (any, events) => {
      const { minimum = '0', maximum } = any.charge;
      const result = priced(any, events);
      const due = dueOf(result);
      expect(due.isBelow(exact(minimum))).toBe(false);
      if (maximum !== undefined) expect(due.isAbove(exact(maximum))).toBe(false);
      expect(result.shortfall.isNegative || result.excess.isNegative).toBe(false);
      expect(result.shortfall.isZero || result.excess.isZero).toBe(true);
      expect(dueOf(priced(any, events, false)).isAbove(due)).toBe(false);
    }),
    RUNS,
  );
});

test('the order of events does not matter, unless an allowance ends with one of them', () => {
  const shuffled = generatedEvents.chain((events) =>
    fc.tuple(fc.constant(events), fc.shuffledSubarray([...events], { minLength: events.length })),
  );
  fc.assert(
    fc.property(anyCharge(false), shuffled, (any, [events, others]) => {
      const { price } = any.charge;
      fc.pre(price.model !== 'percentage' || (price.freeEvents === undefined && price.freeAmount === undefined));
      expect(dueOf(priced(any, others)).text).toBe(dueOf(priced(any, events)).text);
    }),
    RUNS,
  );
});

test('equal values one after another cost what one of them as often as they come costs', () => {
  const percentages = generatedCharges('calls', { monotone: false, aggregation: 'sum' }).filter(
    ({ price }) => price.model === 'percentage',
  );
  const runs = fc.array(fc.tuple(quantities, fc.integer({ min: 1, max: 9 })), { maxLength: 5 });
  fc.assert(
    fc.property(percentages, runs, (charge, list) => {
      const single = list.flatMap(([value, times]) => Array.from({ length: times }, () => [value, 1] as const));
      const context = { aggregation: 'sum', currency: 'USD' } as const;
      const [together, apart] = [list, single].map((amounts) =>
        priceCharge(charge, { quantity: '0', amounts }, context),
      );
      expect(together).toEqual(apart);
    }),
    { numRuns: Math.min(RATING_RUNS, 1_000) },
  );
});
