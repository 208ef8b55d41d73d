import { describe, expect, test } from 'vitest';

import type { PercentBand } from '../../../src/domain/plan.ts';
import { exact } from '../../../src/rating/exact.ts';
import { graduatedPercentage } from '../../../src/rating/models/graduated-percentage.ts';
import { amountOf, sentencesOf } from './priced-as.ts';
import { usageOf } from './usage-of.ts';

const band = (upTo: string | null, percent: string, flatFee = '0'): PercentBand => ({ upTo, percent, flatFee });
const BANDS = [band('10', '1', '200'), band(null, '2', '300')];

function price(bands: readonly PercentBand[], amount: string, { flatAtZero = false, freeUnits = '0' } = {}) {
  const usage = usageOf(amount, { freeUnits: exact(freeUnits) });
  return graduatedPercentage.price({ model: 'graduated_percentage', bands, flatAtZero }, usage, 'USD');
}

describe('graduated_percentage', () => {
  test.each([
    ['the part of the amount in each band', BANDS, '12', '500.14'],
    ['the end of a band', BANDS, '10', '200.1'],
    ['nothing', BANDS, '0', '0'],
    ['nothing, of a band with a fee', [band('1000', '2', '5'), band(null, '1')], '0', '0'],
  ])('%s', (_what, bands, amount, expected) => {
    expect(amountOf(price(bands, amount))).toBe(expected);
  });

  test('the fee of the first band is due for nothing where the charge says so', () => {
    expect(amountOf(price([band('1000', '2', '5'), band(null, '1')], '0', { flatAtZero: true }))).toBe('5');
  });

  test('a free part fills the lower bands', () => {
    expect(amountOf(price(BANDS, '12', { freeUnits: '11' }))).toBe('500.02');
  });

  test('says its arithmetic step by step', () => {
    expect(sentencesOf(price(BANDS, '12'))).toEqual([
      '10 × 1 % = 0.1',
      'flat fee 200',
      '2 × 2 % = 0.04',
      'flat fee 300',
    ]);
  });

  test('refuses what it cannot price', () => {
    const bands = [band('10', '-1'), band('5', '1'), band(null, '1', 'some')];
    const wrong = { model: 'graduated_percentage', bands, flatAtZero: false } as const;
    expect(graduatedPercentage.check(wrong, 'price').map(({ path }) => path)).toEqual([
      'price.bands[2].flatFee',
      'price.bands[0].percent',
    ]);
  });
});
