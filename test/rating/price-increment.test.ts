import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Aggregation, Meter } from '../../src/domain/meter.ts';
import type { Charge, MatrixPrice, PercentagePrice, PriceModel } from '../../src/domain/plan.ts';
import { type Exact, exact, ZERO } from '../../src/rating/exact.ts';
import type { UsageFigures } from '../../src/rating/inputs.ts';
import { dueOf, priceCharge } from '../../src/rating/price-charge.ts';
import { costOfEvent, type EventCost, type MeteredEvent, priceIncrement } from '../../src/rating/price-increment.ts';
import { sampleCharge, sampleMeter } from './sample-inputs.ts';

const USD = { currency: 'USD' };
const meter: Meter = { ...sampleMeter('calls'), dimensions: ['region'] };

/** "First 100 calls free, next 900 at 0.005, above that 0.01". */
const BANDS: PriceModel = {
  model: 'graduated',
  bands: [
    { upTo: '100', unitPrice: '0', flatFee: '0' },
    { upTo: '1000', unitPrice: '0.005', flatFee: '0' },
    { upTo: null, unitPrice: '0.01', flatFee: '2' },
  ],
  flatAtZero: false,
};
const PACKAGES: PriceModel = { model: 'package', size: '7', packagePrice: '0.31', freeUnits: '3' };
const FALLING: PriceModel = {
  model: 'volume',
  bands: [
    { upTo: '15', unitPrice: '10', flatFee: '0' },
    { upTo: null, unitPrice: '5', flatFee: '1' },
  ],
  flatAtZero: true,
};

function charge(price: PriceModel, changes: Partial<Charge> = {}): Charge {
  return { ...sampleCharge('calls', price), ...changes };
}

function textOf(cost: EventCost): string {
  return 'amount' in cost ? cost.amount.text : cost.reason;
}

function costs(of: Charge, events: readonly string[], aggregation: Aggregation = 'sum'): string[] {
  let used = ZERO;
  return events.map((quantity) => {
    const event: MeteredEvent = { quantity, values: {}, usedBefore: used.text };
    const cost = costOfEvent(of, event, { ...meter, aggregation }, USD);
    used = aggregation === 'max' ? used.atLeast(exact(quantity)) : used.plus(exact(quantity));
    return textOf(cost);
  });
}

test('an event costs what its units cost in the bands that they fall into', () => {
  expect(costs(charge(BANDS), ['100', '1', '899', '1', '2'])).toEqual(['0', '0.005', '4.495', '2.01', '0.02']);
});

test('included units and a discount are regarded, a minimum is not', () => {
  const price: PriceModel = { model: 'per_unit', unitPrice: '0.5' };
  const of = charge(price, { includedUnits: '10', discount: { percent: '50' }, minimum: '900' });
  expect(costs(of, ['8', '4', '4'])).toEqual(['0', '0.5', '1']);
});

test('beyond the maximum an event costs nothing more', () => {
  expect(costs(charge({ model: 'per_unit', unitPrice: '3' }, { maximum: '10' }), ['3', '1', '5'])).toEqual([
    '9',
    '1',
    '0',
  ]);
});

test('an event that brings all units into a cheaper band gives money back', () => {
  expect(costs(charge(FALLING), ['15', '1'])).toEqual(['150', '-69']);
});

test('an event below the peak so far costs nothing', () => {
  expect(costs(charge({ model: 'per_unit', unitPrice: '2' }), ['3', '2', '4'], 'max')).toEqual(['6', '0', '2']);
});

const quantities = fc.array(fc.integer({ min: 0, max: 2_000 }).map(String), { minLength: 1, maxLength: 12 });
const wholes = fc.record({
  price: fc.constantFrom(BANDS, PACKAGES, FALLING, { model: 'dynamic', multiplier: '1.0037' } as PriceModel),
  includedUnits: fc.constantFrom('0', '12', '700.5'),
  extras: fc.constantFrom<Partial<Charge>>(
    {},
    { maximum: '9' },
    { minimum: '50' },
    { discount: { percent: '12.5' } },
    { discount: { amount: '3' } },
    { conversion: { divide: '60', rounding: 'up' } },
    { conversion: { divide: '7' } },
    { commitment: { amount: '4', overageFactor: '1.5', trueUp: true } },
    { groupBy: 'region' },
  ),
  events: quantities,
  aggregation: fc.constantFrom<Aggregation>('sum', 'max'),
});

function figures(used: Exact): UsageFigures {
  const parts = [{ values: {}, bucket: null, quantity: used.text, eventCount: '1' }];
  return { quantity: used.text, parts };
}

test('increments add up to the price of everything less the price of nothing, for any split', () => {
  fc.assert(
    fc.property(wholes, ({ price, includedUnits, extras, events, aggregation }) => {
      const of = charge(price, { includedUnits, ...extras });
      const context = { aggregation, currency: 'USD' };
      let [used, sum] = [ZERO, ZERO];
      for (const quantity of events) {
        const after = aggregation === 'max' ? used.atLeast(exact(quantity)) : used.plus(exact(quantity));
        sum = sum.plus(priceIncrement(of, { before: figures(used), after: figures(after) }, context));
        used = after;
      }
      const priceOf = (quantity: Exact): Exact =>
        dueOf(priceCharge(of, figures(quantity), { ...context, isLast: false }));
      expect(sum.text).toBe(priceOf(used).minus(priceOf(ZERO)).text);
    }),
    { numRuns: 500 },
  );
});

const PERCENTAGE: PercentagePrice = { model: 'percentage', percent: '2.99', fixedFee: '0.1', minimumPerEvent: '1.75' };
const MATRIX: MatrixPrice = {
  model: 'matrix',
  dimensions: ['region'],
  cells: [{ values: ['eu'], price: { model: 'per_unit', unitPrice: '2' } }],
  otherwise: { model: 'per_unit', unitPrice: '3' },
};
const alone = fc.record({
  price: fc.constantFrom<PriceModel>(
    PERCENTAGE,
    MATRIX,
    { model: 'bucketed', bucket: 'hour', price: { model: 'per_unit', unitPrice: '0.3' } },
    { model: 'per_unit', unitPrice: '0.07' },
  ),
  extras: fc.constantFrom<Partial<Charge>>({}, { discount: { percent: '5' } }, { filter: { region: ['eu', 'us'] } }),
  events: fc.array(fc.tuple(fc.integer({ min: 0, max: 90 }).map(String), fc.constantFrom('eu', 'us', 'ap')), {
    minLength: 1,
    maxLength: 8,
  }),
});

test('events that are priced alone add up to the price of all of them, whatever was used before', () => {
  fc.assert(
    fc.property(alone, ({ price, extras, events }) => {
      const of = charge(price, extras);
      const taken = events.filter(([, region]) => of.filter === undefined || region !== 'ap');
      const parts = taken.map(([quantity, region]) => ({
        values: { region },
        bucket: null,
        quantity,
        eventCount: '1',
      }));
      const all: UsageFigures = {
        quantity: String(taken.reduce((sum, [quantity]) => sum + Number(quantity), 0)),
        parts,
        amounts: taken.map(([quantity]) => [quantity, 1]),
      };
      const sum = events.reduce((total, [quantity, region]) => {
        const cost = costOfEvent(of, { quantity, values: { region }, usedBefore: null }, meter, USD);
        return 'amount' in cost ? total.plus(cost.amount) : exact('-1000000');
      }, ZERO);
      expect(sum.text).toBe(dueOf(priceCharge(of, all, { aggregation: 'sum', currency: 'USD' })).text);
    }),
    { numRuns: 500 },
  );
});

test.each<[string, Charge, Partial<Meter>, string | null]>([
  ['a free amount', charge({ ...PERCENTAGE, freeAmount: '5' }), {}, '0'],
  ['buckets with bands', charge({ model: 'bucketed', bucket: 'day', price: FALLING as never }), {}, '0'],
  ['cells with bands', charge({ ...MATRIX, otherwise: FALLING as never }), {}, '0'],
  ['groups with bands', charge(BANDS, { groupBy: 'region' }), {}, '0'],
  ['a filter before bands', charge(BANDS, { filter: { region: ['eu'] } }), {}, '0'],
  ['distinct values', charge(BANDS), { aggregation: 'unique' }, '0'],
  ['a total that is not known', charge(BANDS), {}, null],
])('%s: no cost, and the reason', (_name, of, changes, usedBefore) => {
  const cost = costOfEvent(of, { quantity: '5', values: { region: 'eu' }, usedBefore }, { ...meter, ...changes }, USD);
  expect(cost).toEqual({ reason: expect.stringContaining('calls') as string });
});

test('usage that no price covers has no cost, and what the rating would say is the reason', () => {
  const cost = costOfEvent(
    charge({ ...MATRIX, otherwise: null }),
    { quantity: '5', values: {}, usedBefore: null },
    meter,
    USD,
  );
  expect(textOf(cost)).toContain('no price for 5 of region (none)');
});

test('usage that a filter leaves out costs nothing, also where the rest is not known', () => {
  const of = charge(BANDS, { filter: { region: ['eu'] } });
  expect(textOf(costOfEvent(of, { quantity: '5', values: { region: 'us' }, usedBefore: null }, meter, USD))).toBe('0');
});

test('what a price of whole hours or of values apart costs for one event is not known, and why', () => {
  const perUnit = { model: 'per_unit', unitPrice: '1' } as const;
  const packages = { model: 'package', size: '7', packagePrice: '1', freeUnits: '0' } as const;
  const bucketed: PriceModel = { model: 'bucketed', bucket: 'hour', price: packages };
  const matrix: PriceModel = { model: 'matrix', dimensions: ['region'], cells: [], otherwise: packages };
  expect([...costs(charge(bucketed), ['1']), ...costs(charge(matrix), ['1'])]).toEqual([
    'calls prices each hour as a whole, which is not over yet',
    'calls prices values of region apart, and what each has used is not counted',
  ]);
  expect(costs(charge({ ...bucketed, price: perUnit }), ['3'])).toEqual(['3']);
  const cells = [perUnit, packages].map((price, index) => ({ values: [`r${index}`], price }));
  expect(costs(charge({ ...matrix, cells, otherwise: perUnit }), ['1'])).toEqual([
    'calls prices values of region apart, and what each has used is not counted',
  ]);
});
