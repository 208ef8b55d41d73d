import { describe, expect, test } from 'vitest';

import type { Band } from '../../../src/domain/plan.ts';
import { graduated } from '../../../src/rating/models/graduated.ts';
import { UnpricedQuantityError } from '../../../src/rating/problem.ts';
import { usageOf } from './usage-of.ts';

const band = (upTo: string | null, unitPrice: string, flatFee = '0'): Band => ({ upTo, unitPrice, flatFee });

function price(bands: readonly Band[], quantity: string, flatAtZero = false) {
  return graduated.price({ model: 'graduated', bands, flatAtZero }, usageOf(quantity), 'USD');
}

function amount(bands: readonly Band[], quantity: string, flatAtZero = false): string {
  return price(bands, quantity, flatAtZero).amount.text;
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
    const { steps } = price(WITH_FLAT_FEES, '7');
    expect(steps.map(({ sentence }) => sentence)).toEqual(['5 × 0 = 0', 'flat fee 1', '2 × 1 = 2', 'flat fee 2']);
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
});
