import { describe, expect, test } from 'vitest';

import type { MatrixPrice, QuantityPrice } from '../../../src/domain/plan.ts';
import { exact } from '../../../src/rating/exact.ts';
import { matrix } from '../../../src/rating/models/matrix.ts';
import { UnpricedQuantityError } from '../../../src/rating/problem.ts';
import { amountOf, sentencesOf } from './priced-as.ts';
import { usageOf } from './usage-of.ts';

const perUnit = (unitPrice: string): QuantityPrice => ({ model: 'per_unit', unitPrice });

const PRICE: MatrixPrice = {
  model: 'matrix',
  dimensions: ['model', 'region'],
  cells: [
    { values: ['small', 'eu'], price: perUnit('1') },
    { values: ['small', 'us'], price: perUnit('2') },
    { values: ['large', 'eu'], price: { model: 'package', size: '10', packagePrice: '5', freeUnits: '0' } },
  ],
  otherwise: perUnit('9'),
};

type Usage = readonly (readonly [values: Readonly<Record<string, string>>, quantity: string])[];

function price(usage: Usage, changes: Partial<MatrixPrice> = {}) {
  const parts = usage.map(([values, quantity]) => ({ values, bucket: null, quantity: exact(quantity) }));
  return matrix.price({ ...PRICE, ...changes }, usageOf('0', { parts }), 'USD');
}

describe('matrix', () => {
  test('prices each combination by its cell, and others by what is for the others', () => {
    const usage: Usage = [
      [{ model: 'small', region: 'eu' }, '3'],
      [{ model: 'small', region: 'us' }, '4'],
      [{ model: 'large', region: 'eu' }, '11'],
      [{ model: 'large', region: 'us' }, '2'],
      [{ model: 'small' }, '1'],
    ];
    expect(amountOf(price(usage))).toBe('48');
    expect(sentencesOf(price(usage))).toEqual([
      'small, eu: 3 × 1 = 3',
      'small, us: 4 × 2 = 8',
      'large, eu: 11 in packages of 10 = 2 packages, then 2 × 5 = 10',
      'large, us: 2 × 9 = 18',
      'small, (none): 1 × 9 = 9',
    ]);
  });

  test('no usage is nothing', () => {
    expect(amountOf(price([]))).toBe('0');
  });

  test('values are told apart whatever they contain', () => {
    const cells = [{ values: ['a","b', 'c'], price: perUnit('1') }];
    expect(amountOf(price([[{ model: 'a', region: 'b","c' }, '1']], { cells }))).toBe('9');
  });

  test('usage without a price is an error that names it, nothing of it is not', () => {
    const usage: Usage = [[{ model: 'large' }, '2']];
    expect(() => price(usage, { otherwise: null })).toThrow(UnpricedQuantityError);
    expect(() => price(usage, { otherwise: null })).toThrow(/no price for 2 of model large, region \(none\)/);
    expect(amountOf(price([[{ model: 'large' }, '0']], { otherwise: null }))).toBe('0');
  });

  test('many combinations are few steps that still add up', () => {
    const usage: Usage = Array.from({ length: 120 }, (_, index) => [{ model: `m${index}` }, '1'] as const);
    expect(amountOf(price(usage))).toBe('1080');
    expect(sentencesOf(price(usage)).at(-1)).toBe('70 more combinations: 630');
  });

  test('asks for its dimensions', () => {
    expect(matrix.reading(PRICE)).toEqual({ reads: 'parts', dimensions: ['model', 'region'], bucket: null });
  });

  const [first] = PRICE.cells;
  test.each<[string, Partial<MatrixPrice>, string[]]>([
    ['nothing wrong', {}, []],
    ['no dimension', { dimensions: [], cells: [] }, ['price.dimensions']],
    ['three', { dimensions: ['a', 'b', 'c'], cells: [] }, ['price.dimensions']],
    ['one twice', { dimensions: ['a', 'a'], cells: [] }, ['price.dimensions']],
    ['too few values', { cells: [{ values: ['small'], price: perUnit('1') }] }, ['price.cells[0].values']],
    ['a cell twice', { cells: first === undefined ? [] : [first, first] }, ['price.cells[1].values']],
    [
      'a cell of a negative price',
      { cells: [{ values: ['a', 'b'], price: perUnit('-1') }] },
      ['price.cells[0].price.unitPrice'],
    ],
    [
      'a cell that looks into the usage itself',
      { cells: [{ values: ['a', 'b'], price: PRICE as unknown as QuantityPrice }] },
      ['price.cells[0].price.model'],
    ],
    [
      'others of an unknown model',
      { otherwise: { model: 'toString' } as unknown as QuantityPrice },
      ['price.otherwise.model'],
    ],
  ])('checks: %s', (_what, changes, paths) => {
    expect(matrix.check({ ...PRICE, ...changes }, 'price').map(({ path }) => path)).toEqual(paths);
  });
});

test('a matrix has ten thousand cells at most', () => {
  const cells = Array.from({ length: 10_001 }, (_, index) => ({ values: [`v${index}`], price: perUnit('1') }));
  const problems = (some: typeof cells) => matrix.check({ ...PRICE, dimensions: ['region'], cells: some }, 'price');
  expect(problems(cells.slice(1))).toEqual([]);
  expect(problems(cells).map(({ path }) => path)).toEqual(['price.cells']);
});
