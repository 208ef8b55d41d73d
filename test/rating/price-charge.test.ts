import { describe, expect, test } from 'vitest';

import type { PriceModel } from '../../src/domain/plan.ts';
import { stepsSentence } from '../../src/domain/steps-sentence.ts';
import { priceCharge } from '../../src/rating/price-charge.ts';
import { sampleCharge } from './sample-inputs.ts';

const CONTEXT = { aggregation: 'sum', currency: 'USD' } as const;
const PER_UNIT: PriceModel = { model: 'per_unit', unitPrice: '0.4' };

function price(model: PriceModel, quantity: string, includedUnits = '0') {
  return priceCharge(sampleCharge('requests', model, includedUnits), { quantity }, CONTEXT);
}

describe('a charge prices a quantity', () => {
  test.each([
    ['exactly, not yet rounded', '0.1234567', '0', '0.04938268'],
    ['after the included units', '12', '10', '0.8'],
    ['included units that are not used up cost nothing', '10', '10', '0'],
    ['a negative quantity costs nothing', '-5', '0', '0'],
    ['a negative quantity does not add to the included units', '-5', '3', '0'],
  ])('%s', (_what, quantity, included, expected) => {
    expect(price(PER_UNIT, quantity, included).amount.text).toBe(expected);
  });

  test('included units are taken off before bands and packages', () => {
    const bands = [
      { upTo: '10', unitPrice: '1', flatFee: '0' },
      { upTo: null, unitPrice: '2', flatFee: '0' },
    ];
    expect(price({ model: 'graduated', bands, flatAtZero: false }, '15', '5').amount.text).toBe('10');
    const packages: PriceModel = { model: 'package', size: '10', packagePrice: '1', freeUnits: '0' };
    expect(price(packages, '15', '5').amount.text).toBe('1');
  });

  test('and says how, with what the parts add up to', () => {
    expect(stepsSentence(price(PER_UNIT, '12', '10').steps)).toBe('10 of 12 included, then 2 × 0.4 = 0.8');
    const bands = [
      { upTo: '10', unitPrice: '1', flatFee: '3' },
      { upTo: null, unitPrice: '2', flatFee: '0' },
    ];
    expect(stepsSentence(price({ model: 'graduated', bands, flatAtZero: false }, '1015').steps)).toBe(
      '10 × 1 = 10, then flat fee 3, then 1,005 × 2 = 2,010, together 2,023',
    );
  });

  test('a model that is not in the table is an error', () => {
    expect(() => price({ model: 'toString' } as unknown as PriceModel, '1')).toThrow(/unknown price model/);
  });
});
