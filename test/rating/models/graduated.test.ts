import { describe, expect, test } from 'vitest';

import type { Band } from '../../../src/domain/plan.ts';
import { exact } from '../../../src/rating/exact.ts';
import { graduated } from '../../../src/rating/models/graduated.ts';
import { UnpricedQuantityError } from '../../../src/rating/problem.ts';
import { amountOf, sentencesOf } from './priced-as.ts';
import { usageOf } from './usage-of.ts';

const band = (upTo: string | null, unitPrice: string, flatFee = '0'): Band => ({ upTo, unitPrice, flatFee });

function price(bands: readonly Band[], quantity: string, flatAtZero = false, freeUnits = '0') {
  const usage = usageOf(quantity, { freeUnits: exact(freeUnits) });
  return graduated.price({ model: 'graduated', bands, flatAtZero }, usage, 'USD');
}

function amount(bands: readonly Band[], quantity: string, flatAtZero = false): string {
  return amountOf(price(bands, quantity, flatAtZero));
}

const FIRST_MILLION_FREE = [band('1000000', '0'), band(null, '0.000003')];
const WITH_FLAT_FEES = [band('5', '0', '1'), band('10', '1', '2'), band(null, '2')];

describe('graduated', () => {
  test.each([
    ['the published trace', FIRST_MILLION_FREE, '18059974', '51.179922'],
    ['the last unit of a band is in it', FIRST_MILLION_FREE, '1000000', '0'],
    ['the next one is in the next', FIRST_MILLION_FREE, '1000001', '0.000003'],
    ['a fraction past a band is in the next', FIRST_MILLION_FREE, '1000000.5', '0.0000015'],
    ['nothing', FIRST_MILLION_FREE, '0', '0'],
    ['a flat fee of each band that is entered', WITH_FLAT_FEES, '7', '5'],
    ['not of the next band at its edge', WITH_FLAT_FEES, '5', '1'],
    ['of the next band just past its edge', WITH_FLAT_FEES, '5.1', '3.1'],
    ['three bands', WITH_FLAT_FEES, '12', '12'],
    ['one open band', [band(null, '0.1', '3')], '3', '3.3'],
    ['units of the bands only once', [band('50', '0'), band('100', '20'), band(null, '17.5')], '143', '1752.5'],
  ])('%s', (_what, bands, quantity, expected) => {
    expect(amount(bands, quantity)).toBe(expected);
  });

  test('the flat fee of the first band at quantity zero is due only where the charge says so', () => {
    const bands = [band('100', '0.02', '9'), band(null, '0.01')];
    expect(amount(bands, '0')).toBe('0');
    expect(amount(bands, '0', true)).toBe('9');
    expect(amount(bands, '1', true)).toBe(amount(bands, '1'));
  });

  test('what no band is open for is an error, never a part of a bill', () => {
    expect(amount([band('10', '1')], '10')).toBe('10');
    expect(() => amount([band('10', '1')], '10.5')).toThrow(UnpricedQuantityError);
  });

  test('says its arithmetic step by step', () => {
    expect(sentencesOf(price(WITH_FLAT_FEES, '7'))).toEqual(['5 × 0 = 0', 'flat fee 1', '2 × 1 = 2', 'flat fee 2']);
  });
});

describe('included units that fill the lower bands', () => {
  const BANDS = [band('10', '3', '1'), band('20', '2'), band(null, '1')];

  test.each([
    ['none', '0', '56'],
    ['a part of the first band', '4', '44'],
    ['the first and a part of the second', '15', '16'],
    ['all', '25', '1'],
  ])('%s', (_what, freeUnits, expected) => {
    expect(amountOf(price(BANDS, '25', false, freeUnits))).toBe(expected);
  });
});

describe('graduated in blocks', () => {
  const block = (blockSize: string, maxBlocks: string | null, unitPrice: string): Band => ({
    ...band(null, unitPrice),
    blockSize,
    ...(maxBlocks === null ? {} : { maxBlocks }),
  });
  const BLOCKS = [block('100', '10', '1'), block('1000', null, '1')];

  test.each([
    ['a band fills, the rest goes on to the next, a started block counts whole', BLOCKS, '5325', '15'],
    ['a started block of the first band', BLOCKS, '101', '2'],
    ['the end of the first band', BLOCKS, '1000', '10'],
    ['nothing', BLOCKS, '0', '0'],
    [
      'blocks up to a bound that is none of theirs',
      [{ ...band('250', '1'), blockSize: '100' }, band(null, '0')],
      '300',
      '3',
    ],
    ['blocks below one unit', [block('0.5', null, '1')], '1.2', '3'],
  ])('%s', (_what, bands, quantity, expected) => {
    expect(amount(bands, quantity)).toBe(expected);
  });

  test('says its arithmetic step by step', () => {
    expect(sentencesOf(price(BLOCKS, '1001'))).toEqual([
      '1,000 in blocks of 100 = 10 blocks',
      '10 × 1 = 10',
      '1 in blocks of 1,000 = 1 block',
      '1 × 1 = 1',
    ]);
  });

  test.each([
    ['taken', BLOCKS, []],
    ['a last band that ends', [block('100', '10', '1')], ['price.bands[0].upTo']],
    ['blocks of nothing', [block('0', '10', '1'), band(null, '1')], ['price.bands[0].blockSize']],
    ['no blocks', [block('10', '0', '1'), band(null, '1')], ['price.bands[0].maxBlocks']],
    ['two ends', [{ ...block('10', '2', '1'), upTo: '30' }, band(null, '1')], ['price.bands[0].maxBlocks']],
    [
      'a number of blocks of no size',
      [{ ...band(null, '1'), maxBlocks: '2' }, band(null, '1')],
      ['price.bands[0].maxBlocks'],
    ],
    [
      'a bound inside of the blocks before',
      [block('10', '2', '1'), band('20', '1'), band(null, '1')],
      ['price.bands[1].upTo'],
    ],
  ])('checks: %s', (_what, bands, paths) => {
    expect(problems(bands)).toEqual(paths);
  });
});

function problems(bands: readonly Band[]): string[] {
  return graduated.check({ model: 'graduated', bands, flatAtZero: false }, 'price').map(({ path }) => path);
}

describe('bands that are refused', () => {
  test.each([
    ['none', [], ['price.bands']],
    ['too many', Array.from({ length: 101 }, () => band(null, '1')), ['price.bands']],
    ['the last one not open', [band('10', '1')], ['price.bands[0].upTo']],
    ['an open one in the middle', [band(null, '1'), band(null, '1')], ['price.bands[0].upTo']],
    ['out of order', [band('10', '1'), band('5', '1'), band(null, '1')], ['price.bands[1].upTo']],
    ['two of one bound', [band('10', '1'), band('10.0', '1'), band(null, '1')], ['price.bands[1].upTo']],
    ['an empty first one', [band('0', '1'), band(null, '1')], ['price.bands[0].upTo']],
    ['an unreadable bound', [band('1e3', '1'), band('5', '1'), band(null, '1')], ['price.bands[0].upTo']],
    ['a negative price', [band(null, '-1')], ['price.bands[0].unitPrice']],
    ['a negative fee', [band(null, '1', '-1')], ['price.bands[0].flatFee']],
  ])('%s', (_what, bands, paths) => {
    expect(problems(bands)).toEqual(paths);
  });

  test('bands that rise to an open one are taken', () => {
    expect(problems(WITH_FLAT_FEES)).toEqual([]);
  });

  test('a last band that ends is taken where the price says that it does so on purpose, and only there', () => {
    const ending = { model: 'graduated', bands: [band('10', '1')], bounded: true, flatAtZero: false } as const;
    expect(graduated.check(ending, 'price')).toEqual([]);
    expect(graduated.check({ ...ending, bands: [band(null, '1')] }, 'price').map(({ path }) => path)).toEqual([
      'price.bands[0].upTo',
    ]);
  });
});
