import { expect, test } from 'vitest';

import type { PlanVersion, PriceModel } from '../../src/domain/plan.ts';
import { checkPlan } from '../../src/rating/check-plan.ts';
import { sampleCharge, sampleMeter, samplePlan } from './sample-inputs.ts';

const METERS = new Map(['requests', 'input_tokens', 'output_tokens'].map((key) => [key, sampleMeter(key)]));
const PER_UNIT: PriceModel = { model: 'per_unit', unitPrice: '1' };
const LIMIT = { meter: 'requests', mode: 'hard', window: 'period', limit: '10' } as const;

test('a plan that can be billed has no problem', () => {
  expect(checkPlan(samplePlan({ limits: [LIMIT] }), METERS)).toEqual([]);
});

test.each<[string, Partial<PlanVersion>, string[]]>([
  ['a base fee that is no decimal', { baseFee: 'twenty' }, ['baseFee']],
  ['a negative base fee', { baseFee: '-1' }, ['baseFee']],
  ['a currency in lower case', { currency: 'usd' }, ['currency']],
  ['a charge on an unknown meter', { charges: [sampleCharge('seats', PER_UNIT)] }, ['charges[0].meter']],
  [
    'two charges of one key',
    { charges: [sampleCharge('requests', PER_UNIT), sampleCharge('requests', PER_UNIT)] },
    ['charges[1].key'],
  ],
  ['negative included units', { charges: [sampleCharge('requests', PER_UNIT, '-1')] }, ['charges[0].includedUnits']],
  [
    'a negative unit price',
    { charges: [sampleCharge('requests', { model: 'per_unit', unitPrice: '-1' })] },
    ['charges[0].price.unitPrice'],
  ],
  [
    'an unknown model',
    { charges: [sampleCharge('requests', { model: 'constructor' } as unknown as PriceModel)] },
    ['charges[0].price.model'],
  ],
  ['a limit on an unknown meter', { limits: [{ ...LIMIT, meter: 'seats' }] }, ['limits[0].meter']],
  ['a limit that is no quantity', { limits: [{ ...LIMIT, limit: '1e3' }] }, ['limits[0].limit']],
  ['two limits of one meter and window', { limits: [LIMIT, { ...LIMIT, mode: 'soft' }] }, ['limits[1].meter']],
])('names where it is: %s', (_what, changes, paths) => {
  expect(checkPlan(samplePlan(changes), METERS).map(({ path }) => path)).toEqual(paths);
});

test('names everything at once', () => {
  const plan = samplePlan({ baseFee: '-1', limits: [{ ...LIMIT, meter: 'seats', limit: '-1' }] });
  expect(checkPlan(plan, METERS)).toEqual([
    { path: 'baseFee', message: '-1 is negative: prices, fees and quantities are 0 or more' },
    { path: 'limits[0].meter', message: 'there is no meter seats: define it under meters, or name another' },
    { path: 'limits[0].limit', message: '-1 is negative: prices, fees and quantities are 0 or more' },
  ]);
});
