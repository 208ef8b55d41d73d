import { describe, expect, test } from 'vitest';

import { packagePrice } from '../../../src/rating/models/package.ts';
import { amountOf, sentencesOf } from './priced-as.ts';
import { usageOf } from './usage-of.ts';

function price(size: string, amount: string, freeUnits: string, quantity: string, rounding: 'up' | 'down' = 'up') {
  const charge = { model: 'package' as const, size, packagePrice: amount, freeUnits, rounding };
  return packagePrice.price(charge, usageOf(quantity), 'USD');
}

describe('package', () => {
  test.each([
    ['the published trace', '1000', '0.50', '0', '8819', '4.5'],
    ['a full package is one', '1000', '0.50', '0', '1000', '0.5'],
    ['a started one is one', '1000', '0.50', '0', '1001', '1'],
    ['nothing costs nothing', '1000', '0.50', '0', '0', '0'],
    ['free units are taken off first', '100', '5', '100', '201', '10'],
    ['not more than there are', '100', '5', '100', '40', '0'],
    ['exactly the free units', '100', '5', '100', '100', '0'],
    ['10 free, 100 per 10', '10', '100', '10', '121', '1200'],
    ['sizes with fractions', '0.3', '1', '0', '0.9', '3'],
    ['just past them', '0.3', '1', '0', '0.900000001', '4'],
    ['a quotient without end', '3', '1', '0', '10', '4'],
    ['quantities past 2^53', '1', '1', '0', '9007199254740993', '9007199254740993'],
  ])('%s', (_what, size, amount, freeUnits, quantity, expected) => {
    expect(amountOf(price(size, amount, freeUnits, quantity))).toBe(expected);
  });

  test('says also that a single unit was free', () => {
    expect(sentencesOf(price('10', '5', '1', '11'))[0]).toBe('1 of 11 free');
  });

  test('a started one may be given for nothing', () => {
    expect(amountOf(price('100', '5', '0', '50', 'down'))).toBe('0');
    expect(amountOf(price('100', '5', '0', '250', 'down'))).toBe('10');
  });

  test('says its arithmetic step by step', () => {
    expect(sentencesOf(price('100', '5', '100', '201'))).toEqual([
      '100 of 201 free',
      '101 in packages of 100 = 2 packages',
      '2 × 5 = 10',
    ]);
    expect(price('100', '5', '0', '7').steps[0]?.sentence).toBe('7 in packages of 100 = 1 package');
  });

  test.each([
    ['an empty package', { size: '0', packagePrice: '1', freeUnits: '0' }, ['price.size']],
    ['an empty package, written long', { size: '0.00', packagePrice: '1', freeUnits: '0' }, ['price.size']],
    ['a negative one', { size: '-1', packagePrice: '1', freeUnits: '0' }, ['price.size']],
    ['a negative price', { size: '1', packagePrice: '-1', freeUnits: '0' }, ['price.packagePrice']],
    ['unreadable free units', { size: '1', packagePrice: '1', freeUnits: 'some' }, ['price.freeUnits']],
    ['a price of absurd length', { size: '1', packagePrice: '1'.repeat(41), freeUnits: '0' }, ['price.packagePrice']],
    ['nothing wrong', { size: '1000', packagePrice: '0.50', freeUnits: '0' }, []],
  ])('checks: %s', (_what, parameters, paths) => {
    const problems = packagePrice.check({ model: 'package', ...parameters }, 'price');
    expect(problems.map(({ path }) => path)).toEqual(paths);
  });
});
