import { describe, expect, test } from 'vitest';

import type { FixedQuantityPrice } from '../../src/domain/plan.ts';
import type { FeeBill, HeldQuantity, RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleInputs, samplePlan, sampleSpan } from './sample-inputs.ts';

/** Seats by a period of 12 days in bands, billed by the day: each day is a twelfth. */
const day = (ordinal: number): string => new Date(Date.UTC(2023, 10, ordinal)).toISOString().replace('.000', '');
const PERIOD = { start: day(1), end: day(13) };
const KEY = `quantity:seats:month:${day(1)}`;
const COUPON = { id: 'cpn_a', description: 'All', discount: { percent: '100' } } as const;

const bands = (model: 'graduated' | 'volume', upTo: string, low: string, high: string): FixedQuantityPrice => ({
  model,
  bands: [
    { upTo, unitPrice: low, flatFee: '0' },
    { upTo: null, unitPrice: high, flatFee: '0' },
  ],
  flatAtZero: false,
});
const held = (from: number, to: number, quantity: string): HeldQuantity => {
  return { key: 'seats', from: day(from), to: day(to), quantity };
};
/** The bill of a day, and what it asked for of what it charged; `null`: no invoice stands. */
const bill = (ordinal: number, percent: string | null): FeeBill => ({
  start: day(ordinal),
  end: day(ordinal + 1),
  invoiceId: percent === null ? null : `inv_${ordinal}`,
  asked: percent === null ? null : { beforeMinor: '100', afterMinor: percent },
});

/** The lines of the bill of a day. @param to where the plan ends */
function linesOn(
  ordinal: number,
  price: FixedQuantityPrice,
  quantities: readonly HeldQuantity[],
  changes: Partial<RatingInputs> & { readonly to?: number } = {},
): (readonly [key: string, amount: string])[] {
  const seats = { key: 'seats', description: 'Seats', unit: 'seat', price, every: 'month' } as const;
  const planVersion = samplePlan({ baseFee: '0', charges: [], fixedQuantities: [seats] });
  const { to = 13, ...others } = changes;
  const period = { start: day(ordinal), end: day(ordinal + 1) };
  const fees = [{ every: 'month', period: PERIOD, from: day(1), to: day(to), quantities }] as const;
  const spans = [sampleSpan({ from: period.start, to: period.end, planVersion, usage: [], fees })];
  const result = rateInvoice(sampleInputs({ period, feePeriod: period, spans, ...others }));
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content.lines.map(({ key, amountMinor }) => [key, amountMinor] as const);
}

describe('seats in graduated bands', () => {
  const price = bands('graduated', '10', '100', '10');
  const quantities = [held(1, 2, '10'), held(2, 3, '50'), held(3, 4, '0')];
  const key = `${KEY}:change:${day(3)}`;

  test.each([
    // 10 × 100 and 40 × 10 for ten twelfths: each seat at what that very seat cost, at the share of its bill.
    [['0', '100'], '-33333'],
    [['100', '0'], '-83333'],
    [['100', '100'], '-116667'],
    [['50', '50'], '-58333'],
    [[null, '100'], '-33333'],
  ] as const)(
    'that were charged at %j percent are each given back at what they cost: %s',
    ([first, second], amount) => {
      const feeBills = [bill(1, first), bill(2, second)];
      expect(linesOn(3, price, quantities, { feeBills })).toEqual([[key, amount]]);
    },
  );

  test('that came on this bill are a matter of it, at what they cost', () => {
    const within = [{ ...held(1, 3, '10') }, { ...held(3, 4, '50'), to: '2023-11-03T12:00:00Z' }, held(4, 5, '0')];
    const feeBills = [bill(1, '0')];
    const noon = '2023-11-03T12:00:00Z';
    expect(linesOn(3, price, within, { feeBills })).toEqual([
      [key, '33333'],
      [`${KEY}:change:${noon}:own`, '-31667'],
      [`${KEY}:change:${noon}`, '0'],
    ]);
  });

  test('of inputs from before that was asked are given back in one amount', () => {
    expect(linesOn(3, price, quantities)).toEqual([[key, '-116667']]);
  });
});

describe('seats by volume', () => {
  const price = bands('volume', '10', '100', '60');
  const quantities = [held(1, 7, '10'), held(7, 13, '11')];
  const key = `${KEY}:change:${day(7)}`;

  test('that make those cheaper that are there give back what the bill of those asked for', () => {
    // One at 60 for half the period, and ten at 40 less for all of it.
    expect(linesOn(7, price, quantities, { feeBills: [bill(1, '100')] })).toEqual([
      [`${key}:own`, '3000'],
      [key, '-40000'],
    ]);
    expect(linesOn(7, price, quantities, { feeBills: [bill(1, '0')] })[1]).toEqual([key, '0']);
    expect(linesOn(7, price, quantities, { feeBills: [bill(1, null)] })[1]).toEqual([key, '0']);
    expect(linesOn(7, price, quantities, { feeBills: [bill(1, '100')], coupons: [COUPON] })).toEqual([
      [`${key}:own`, '3000'],
      [key, '-40000'],
      ['coupon:cpn_a', '-3000'],
    ]);
  });

  test('of inputs from before that was asked are one amount', () => {
    expect(linesOn(7, price, quantities)).toEqual([[key, '-37000']]);
  });

  test('that go make those dearer that stay, at the share that was asked for each', () => {
    const fewer = [...quantities.slice(0, 1), held(7, 10, '11'), held(10, 13, '10')];
    // The one cost 60 for half the period, and has 100 for a quarter to pay; the ten have 100 again.
    const on = (first: string, second: string) =>
      linesOn(10, price, fewer, { feeBills: [bill(1, first), bill(7, second)] });
    expect(on('100', '100')).toEqual([[`${KEY}:change:${day(10)}`, '39500']]);
    expect(on('100', '0')).toEqual([[`${KEY}:change:${day(10)}`, '40000']]);
    expect(on('0', '100')).toEqual([[`${KEY}:change:${day(10)}`, '-500']]);
  });

  test('whose flat fee falls get back what was asked for of it, the last first', () => {
    const flat: FixedQuantityPrice = {
      ...bands('volume', '10', '0', '0'),
      bands: [
        { upTo: '10', unitPrice: '0', flatFee: '100' },
        { upTo: null, unitPrice: '0', flatFee: '300' },
      ],
    } as FixedQuantityPrice;
    const fewer = [...quantities.slice(0, 1), held(7, 10, '11'), held(10, 13, '10')];
    const on = (first: string, second: string) =>
      linesOn(10, flat, fewer, { feeBills: [bill(1, first), bill(7, second)] });
    expect(on('0', '100')).toEqual([[`${KEY}:change:${day(10)}`, '-20000']]);
    expect(on('100', '0')).toEqual([[`${KEY}:change:${day(10)}`, '0']]);
  });

  test('of a plan that is left are given back at the share of each', () => {
    // A quarter of the period is left, of ten and of one at 60.
    const left = [held(1, 7, '10'), held(7, 10, '11')];
    expect(linesOn(9, price, left, { to: 10, feeBills: [bill(1, '100'), bill(7, '100')] })).toEqual([
      [`${KEY}:rest`, '-16500'],
    ]);
    expect(linesOn(9, price, left, { to: 10, feeBills: [bill(1, '0'), bill(7, '100')] })).toEqual([
      [`${KEY}:rest`, '-1500'],
    ]);
  });
});
