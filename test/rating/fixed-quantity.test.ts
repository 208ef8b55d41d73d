import { describe, expect, test } from 'vitest';

import type { Band } from '../../src/domain/plan.ts';
import { exact } from '../../src/rating/exact.ts';
import { type FixedQuantityPrice, priceFixedQuantity } from '../../src/rating/fixed-quantity.ts';
import { UnpricedQuantityError } from '../../src/rating/problem.ts';

const band = (upTo: string | null, unitPrice: string, flatFee = '0'): Band => ({ upTo, unitPrice, flatFee });

const SEATS: FixedQuantityPrice = {
  model: 'graduated',
  bands: [band('5', '10', '100'), band(null, '5', '50')],
  flatAtZero: false,
};
const VOLUME: FixedQuantityPrice = {
  model: 'volume',
  bands: [band('100', '2', '10'), band('200', '1'), band(null, '0.5', '50')],
  flatAtZero: false,
};

/** Changes as pairs of whole units and prorated units. */
function price(one: FixedQuantityPrice, ...changes: readonly (readonly [string, string])[]) {
  const list = changes.map(([units, prorated]) => ({ units: exact(units), proratedUnits: exact(prorated) }));
  return priceFixedQuantity(one, list);
}

describe('a fixed quantity at a price each', () => {
  test('is charged for the part of the period that it is there', () => {
    expect(price({ model: 'per_unit', unitPrice: '29' }, ['2', '1'], ['-1', '-0.25']).amount.text).toBe('21.75');
  });
});

describe('a fixed quantity with graduated bands', () => {
  test.each<[string, (readonly [string, string])[], string]>([
    ['seats of one band', [['2', '1.4']], '114'],
    [
      'a change over two bands is shared by its whole units in each',
      [
        ['2', '2'],
        ['5', '2.5'],
      ],
      '190',
    ],
    [
      'seats that go are given back at the bands that they leave',
      [
        ['8', '8'],
        ['-6', '-3'],
      ],
      '192.5',
    ],
    [
      'a band is entered once, however often',
      [
        ['6', '6'],
        ['-3', '-1'],
        ['3', '1'],
      ],
      '205',
    ],
    ['nothing', [], '0'],
    ['a change of nothing', [['0', '0']], '0'],
  ])('%s', (_what, changes, expected) => {
    expect(price(SEATS, ...changes).amount.text).toBe(expected);
  });

  test('owes the flat fee of its first band at zero only where the price says so', () => {
    expect(price({ ...SEATS, flatAtZero: true }).amount.text).toBe('100');
    expect(price({ ...SEATS, flatAtZero: true }, ['1', '1']).amount.text).toBe('110');
  });

  test('says how it came about, in steps that add up', () => {
    const { steps } = price(SEATS, ['2', '2'], ['5', '2.5']);
    expect(steps.map(({ sentence, amount }) => [sentence, amount])).toEqual([
      ['2 for a part of the period: 2 × 10 = 20', '20'],
      ['3 of 5 for a part of the period: 1.5 × 10 = 15', '15'],
      ['2 of 5 for a part of the period: 1 × 5 = 5', '5'],
      ['flat fee 100', '100'],
      ['flat fee 50', '50'],
    ]);
  });

  test('refuses seats past the last band, and more that go than there are', () => {
    const bounded = { ...SEATS, bands: [band('5', '10')], bounded: true } as const;
    expect(() => price(bounded, ['6', '6'])).toThrow(UnpricedQuantityError);
    expect(() => price(SEATS, ['2', '2'], ['-3', '-1'])).toThrow('more units go than there are: -1 would be left');
  });
});

describe('a fixed quantity with volume bands', () => {
  test('is priced at the band of the whole quantity', () => {
    expect(price(VOLUME, ['300', '198.6']).amount.text).toBe('149.3');
    expect(price(VOLUME, ['100', '50'], ['100', '25']).amount.text).toBe('75');
  });

  test('at zero owes what is prorated, and the flat fee only where the price says so', () => {
    expect(price(VOLUME, ['3', '3'], ['-3', '-1']).amount.text).toBe('4');
    expect(price({ ...VOLUME, flatAtZero: true }, ['3', '3'], ['-3', '-1']).amount.text).toBe('14');
    expect(price(VOLUME).steps).toHaveLength(1);
  });
});
