import { describe, expect, test } from 'vitest';

import type { QuantityPrice } from '../../../src/domain/plan.ts';
import { exact } from '../../../src/rating/exact.ts';
import { bucketed } from '../../../src/rating/models/bucketed.ts';
import type { BillablePart } from '../../../src/rating/models/model.ts';
import { amountOf, sentencesOf } from './priced-as.ts';
import { usageOf } from './usage-of.ts';

const GRADUATED: QuantityPrice = {
  model: 'graduated',
  bands: [
    { upTo: '10', unitPrice: '0.10', flatFee: '0' },
    { upTo: null, unitPrice: '0.05', flatFee: '0' },
  ],
  flatAtZero: false,
};

function hours(quantities: readonly string[]): BillablePart[] {
  return quantities.map((quantity, index) => {
    const bucket = new Date(Date.UTC(2026, 0, 1, index)).toISOString().replace('.000Z', 'Z');
    return { values: {}, bucket, quantity: exact(quantity) };
  });
}

function price(inner: QuantityPrice, quantities: readonly string[]) {
  return bucketed.price(
    { model: 'bucketed', bucket: 'hour', price: inner },
    usageOf('0', { parts: hours(quantities) }),
    'USD',
  );
}

describe('bucketed', () => {
  test.each<[string, QuantityPrice, string[], string]>([
    ['each hour fills the bands from the first on', GRADUATED, ['9', '15'], '2.15'],
    ['a started package in each', { model: 'package', size: '10', packagePrice: '1', freeUnits: '0' }, ['1', '2'], '2'],
    ['a capacity in each', { model: 'capacity', bands: [{ upTo: null, flatFee: '3' }] }, ['1', '200'], '6'],
    ['no usage', GRADUATED, [], '0'],
    ['an hour of nothing', GRADUATED, ['0', '1'], '0.1'],
  ])('%s', (_what, inner, quantities, expected) => {
    expect(amountOf(price(inner, quantities))).toBe(expected);
  });

  test('tells each hour, and those of one quantity together', () => {
    expect(sentencesOf(price(GRADUATED, ['9', '15', '9', '9']))).toEqual([
      '3 hours of 9 × 0.1 = 0.9: 2.7',
      '2026-01-01T01:00:00Z: 10 × 0.1 = 1, then 5 × 0.05 = 0.25, together 1.25',
    ]);
    expect(sentencesOf(price(GRADUATED, []))).toEqual(['no usage = 0']);
  });

  test('a month of different hours is few steps that still add up', () => {
    const quantities = Array.from({ length: 744 }, (_, index) => `${index + 1}`);
    const priced = price({ model: 'per_unit', unitPrice: '1' }, quantities);
    const sentences = sentencesOf(priced);
    expect(priced.amount.text).toBe(`${(744 * 745) / 2}`);
    expect(sentences).toHaveLength(51);
    expect(sentences.at(-1)).toBe('694 more hours: 275,865');
  });

  test('asks for hours, and refuses what cannot stand inside', () => {
    expect(bucketed.reading({ model: 'bucketed', bucket: 'day', price: GRADUATED })).toEqual({
      reads: 'parts',
      dimensions: [],
      bucket: 'day',
    });
    const inner = { model: 'percentage', percent: '1', fixedFee: '0' } as unknown as QuantityPrice;
    expect(bucketed.check({ model: 'bucketed', bucket: 'day', price: inner }, 'price')).toEqual([
      { path: 'price.price.model', message: expect.stringContaining('percentage cannot stand inside of a price') },
    ]);
    const unreadable: QuantityPrice = { model: 'per_unit', unitPrice: 'much' };
    expect(bucketed.check({ model: 'bucketed', bucket: 'day', price: unreadable }, 'price')[0]?.path).toBe(
      'price.price.unitPrice',
    );
  });
});
