import { describe, expect, test } from 'vitest';

import type { Band } from '../../../src/domain/plan.ts';
import { exact } from '../../../src/rating/exact.ts';
import { volume } from '../../../src/rating/models/volume.ts';
import { UnpricedQuantityError } from '../../../src/rating/problem.ts';
import { amountOf, sentencesOf } from './priced-as.ts';
import { usageOf } from './usage-of.ts';

const band = (upTo: string | null, unitPrice: string, flatFee = '0'): Band => ({ upTo, unitPrice, flatFee });

function price(bands: readonly Band[], quantity: string, { flatAtZero = false, freeUnits = '0' } = {}) {
  return volume.price(
    { model: 'volume', bands, flatAtZero },
    usageOf(quantity, { freeUnits: exact(freeUnits) }),
    'USD',
  );
}

const FALLING = [band('15', '10'), band(null, '5')];
const WITH_FEES = [band('100', '0.02', '9'), band(null, '0.01')];

describe('volume', () => {
  test.each([
    ['all units at the first band, inclusive', FALLING, '15', '150'],
    ['all units at the next: the total falls', FALLING, '16', '80'],
    ['a fraction between two whole bounds is in the higher band', FALLING, '15.5', '77.5'],
    ['nothing', FALLING, '0', '0'],
    ['a flat fee beside it', WITH_FEES, '50', '10'],
    ['only that of the band', WITH_FEES, '200', '2'],
    ['a flat fee is not due for nothing', WITH_FEES, '0', '0'],
  ])('%s', (_what, bands, quantity, expected) => {
    expect(amountOf(price(bands, quantity))).toBe(expected);
  });

  test('the flat fee of the first band is due for nothing where the charge says so', () => {
    expect(amountOf(price(WITH_FEES, '0', { flatAtZero: true }))).toBe('9');
  });

  test('free units choose the band and cost nothing', () => {
    expect(amountOf(price(FALLING, '16', { freeUnits: '6' }))).toBe('50');
  });

  test('says its arithmetic step by step', () => {
    expect(sentencesOf(price(WITH_FEES, '50'))).toEqual(['50 × 0.02 = 1', 'flat fee 9']);
  });

  test('what no band is open for is an error', () => {
    expect(() => price([band('10', '1')], '10.5')).toThrow(UnpricedQuantityError);
  });
});

const blocks = (blockSize: string, maxBlocks: string | null, unitPrice: string): Band => ({
  ...band(null, unitPrice),
  blockSize,
  ...(maxBlocks === null ? {} : { maxBlocks }),
});

describe('volume in blocks', () => {
  const BLOCKS = [blocks('100', '10', '1'), blocks('1000', '100', '1'), blocks('5000', null, '3')];

  test.each([
    ['a started block counts whole', '101', '2'],
    ['the end of the first band', '1000', '10'],
    ['all units in the blocks of the second band', '1001', '2'],
    ['its end lies behind the first', '101000', '101'],
    ['the open band', '101001', '63'],
  ])('%s', (_what, quantity, expected) => {
    expect(amountOf(price(BLOCKS, quantity))).toBe(expected);
  });

  test('says into how many', () => {
    expect(sentencesOf(price(BLOCKS, '101000'))).toEqual(['101,000 in blocks of 1,000 = 101 blocks', '101 × 1 = 101']);
  });
});
