import { describe, expect, test } from 'vitest';

import type { DynamicPrice, FlatPrice } from '../../../src/domain/plan.ts';
import { capacity } from '../../../src/rating/models/capacity.ts';
import { dynamic } from '../../../src/rating/models/dynamic.ts';
import { flat } from '../../../src/rating/models/flat.ts';
import { perUnit } from '../../../src/rating/models/per-unit.ts';
import { UnpricedQuantityError } from '../../../src/rating/problem.ts';
import { amountOf, sentencesOf } from './priced-as.ts';
import { usageOf } from './usage-of.ts';

describe('per_unit', () => {
  test.each([
    ['nothing', '10', '0', '0'],
    ['a unit', '10', '1', '10'],
    ['below a cent', '0.000065', '70', '0.00455'],
    ['past 2^53', '0.1', '90071992547409930', '9007199254740993'],
  ])('%s', (_what, unitPrice, quantity, expected) => {
    expect(amountOf(perUnit.price({ model: 'per_unit', unitPrice }, usageOf(quantity), 'USD'))).toBe(expected);
  });

  test('says its arithmetic, and refuses a negative price', () => {
    const priced = perUnit.price({ model: 'per_unit', unitPrice: '0.5' }, usageOf('1234'), 'USD');
    expect(sentencesOf(priced)).toEqual(['1,234 × 0.5 = 617']);
    expect(perUnit.check({ model: 'per_unit', unitPrice: '-1' }, 'price').map(({ path }) => path)).toEqual([
      'price.unitPrice',
    ]);
  });
});

describe('capacity', () => {
  const bands = [
    { upTo: '500', flatFee: '500' },
    { upTo: '1000', flatFee: '750' },
    { upTo: null, flatFee: '2000' },
  ];
  const priceOf = (peak: string) => capacity.price({ model: 'capacity', bands }, usageOf(peak), 'USD');

  test.each([
    ['the first band, inclusive', '500', '500'],
    ['just past it', '500.5', '750'],
    ['in the second', '1000', '750'],
    ['in the open one', '1001', '2000'],
    ['nothing used: capacity is there all the same', '0', '500'],
  ])('%s', (_what, peak, expected) => {
    expect(amountOf(priceOf(peak))).toBe(expected);
  });

  test('says which band it is', () => {
    expect(sentencesOf(priceOf('750'))).toEqual(['750 is in the band up to 1,000: 750']);
    expect(sentencesOf(priceOf('1500'))).toEqual(['1,500 is in the open band: 2,000']);
  });

  test('a peak past bands that end on purpose is a problem', () => {
    const bounded = { model: 'capacity', bands: bands.slice(0, 2), bounded: true } as const;
    expect(capacity.check(bounded, 'price')).toEqual([]);
    expect(() => capacity.price(bounded, usageOf('1001'), 'USD')).toThrow(UnpricedQuantityError);
  });
});

const flatPrice = (due: FlatPrice['due']): FlatPrice => ({ model: 'flat', amount: '12.5', due });

describe('flat', () => {
  test('is due always, or only when something was used', () => {
    expect(amountOf(flat.price(flatPrice('always'), usageOf('0'), 'USD'))).toBe('12.5');
    expect(amountOf(flat.price(flatPrice('when_used'), usageOf('0'), 'USD'))).toBe('0');
    expect(amountOf(flat.price(flatPrice('when_used'), usageOf('0.001'), 'USD'))).toBe('12.5');
    expect(sentencesOf(flat.price(flatPrice('when_used'), usageOf('0'), 'USD'))).toEqual(['not used = 0']);
  });

  test('is for time where it is due always', () => {
    expect(flat.isForTime?.(flatPrice('always'))).toBe(true);
    expect(flat.isForTime?.(flatPrice('when_used'))).toBe(false);
  });
});

const dynamicPrice = (multiplier: string): DynamicPrice => ({ model: 'dynamic', multiplier });

describe('dynamic', () => {
  test.each([
    ['rounded at once', '1', '66.6665', 'USD', '66.67', '66.6665 × 1 = 66.6665, rounded to 66.67'],
    ['nothing to round', '1.15', '7', 'USD', '8.05', '7 × 1.15 = 8.05'],
    ['to the digits of the currency', '1.15', '7', 'JPY', '8', '7 × 1.15 = 8.05, rounded to 8'],
  ])('%s', (_what, multiplier, amount, currency, expected, sentence) => {
    const priced = dynamic.price(dynamicPrice(multiplier), usageOf(amount), currency);
    expect(amountOf(priced)).toBe(expected);
    expect(sentencesOf(priced)).toEqual([sentence]);
  });

  test('refuses a multiplier that is no decimal', () => {
    expect(dynamic.check(dynamicPrice('1,5'), 'price').map(({ path }) => path)).toEqual(['price.multiplier']);
  });
});
