import { expect, test } from 'vitest';

import type { FixedQuantityPrice } from '../../src/domain/plan.ts';
import { chargedBefore } from '../../src/rating/charged-before.ts';
import type { HeldQuantity } from '../../src/rating/inputs.ts';
import { sampleInputs, samplePlan, sampleSpan } from './sample-inputs.ts';

const OCTOBER = '2023-10-01T00:00:00Z';
const NOVEMBER = '2023-11-01T00:00:00Z';
const CHANGE = '2023-11-10T00:00:00Z';
const DECEMBER = '2023-12-01T00:00:00Z';
const YEAR = { start: OCTOBER, end: '2024-10-01T00:00:00Z' };
const PER_SEAT: FixedQuantityPrice = { model: 'per_unit', unitPrice: '366' };
const VOLUME: FixedQuantityPrice = {
  model: 'volume',
  flatAtZero: true,
  bands: [
    { upTo: '10', unitPrice: '100', flatFee: '0' },
    { upTo: null, unitPrice: '60', flatFee: '0' },
  ],
};

function seats(from: string, to: string, quantity: string): HeldQuantity {
  return { key: 'seats', from, to, quantity };
}

/** What the bill of November asks of earlier ones, for seats by the year that are held from October on. */
function asked(price: FixedQuantityPrice, quantities: readonly HeldQuantity[], to = DECEMBER): readonly string[] {
  const fixed = { key: 'seats', description: 'Seats', unit: 'seat', price, every: 'year' } as const;
  const planVersion = samplePlan({ baseFee: '0', charges: [], fixedQuantities: [fixed] });
  const fees = [{ every: 'year', period: YEAR, from: OCTOBER, to: YEAR.end, quantities }] as const;
  return chargedBefore(sampleInputs({ spans: [sampleSpan({ from: NOVEMBER, to, planVersion, usage: [], fees })] }));
}

test('a bill that only charges more asks no earlier one, and so waits for none', () => {
  expect(asked(PER_SEAT, [seats(OCTOBER, CHANGE, '2'), seats(CHANGE, DECEMBER, '3')])).toEqual([]);
  expect(asked(PER_SEAT, [seats(CHANGE, DECEMBER, '3')])).toEqual([]);
  expect(asked(PER_SEAT, [seats(OCTOBER, DECEMBER, '3')])).toEqual([]);
});

test('a span that ends within the period while the same is held on takes nothing away', () => {
  expect(asked(PER_SEAT, [seats(OCTOBER, CHANGE, '3')], CHANGE)).toEqual([]);
});

test('where fewer are held, or none any more, it asks those bills that charged them', () => {
  expect(asked(PER_SEAT, [seats(OCTOBER, CHANGE, '3'), seats(CHANGE, DECEMBER, '2')])).toEqual([OCTOBER]);
  expect(asked(PER_SEAT, [seats(OCTOBER, CHANGE, '3')])).toEqual([OCTOBER]);
});

test('by volume one more may give back too, since it reprices those that are there', () => {
  expect(asked(VOLUME, [seats(OCTOBER, CHANGE, '10'), seats(CHANGE, DECEMBER, '11')])).toEqual([OCTOBER]);
});
