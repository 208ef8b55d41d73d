import { expect, test } from 'vitest';

import type { PlanVersion } from '../../src/domain/plan.ts';
import type { LateUsage } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleCharge, sampleInputs, sampleLate, sampleLateUsage, samplePlan, sampleSpan } from './sample-inputs.ts';

const CHARGES = [
  sampleCharge('requests', { model: 'per_unit', unitPrice: '1' }),
  sampleCharge('input_tokens', { model: 'per_unit', unitPrice: '2' }),
];

/** The late lines of a bill for late usage of these charges, before and after. */
function lateLinesOf(
  plan: Partial<PlanVersion>,
  requests: readonly [string, string],
  tokens: readonly [string, string] = ['0', '0'],
  changes: Partial<LateUsage> = {},
): (readonly [string, string])[] {
  const planVersion = samplePlan({ baseFee: '0', charges: CHARGES, ...plan });
  const usage = [sampleLateUsage('requests', ...requests), sampleLateUsage('input_tokens', ...tokens)];
  const spans = [sampleSpan({ planVersion: samplePlan({ baseFee: '0', charges: [] }), usage: [] })];
  const result = rateInvoice(sampleInputs({ spans, late: [sampleLate({ planVersion, usage, ...changes })] }));
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content.lines.map(({ key, amountMinor }) => [key, amountMinor] as const);
}

const REQUESTS = 'late:2023-10-01T00:00:00Z:requests';
const BOUNDS = 'late:2023-10-01T00:00:00Z:trace.1:bounds';

test('usage that comes late to a period whose cap was reached costs nothing', () => {
  expect(lateLinesOf({ maximum: '500' }, ['300', '310'], ['150', '150'])).toEqual([
    [REQUESTS, '1000'],
    [BOUNDS, '-1000'],
  ]);
});

test('usage that comes late and reaches the cap costs what was left to it, and none below it is given back', () => {
  expect(lateLinesOf({ maximum: '500' }, ['490', '510'])).toEqual([
    [REQUESTS, '2000'],
    [BOUNDS, '-1000'],
  ]);
  expect(lateLinesOf({ maximum: '500' }, ['10', '20'])).toEqual([[REQUESTS, '1000']]);
});

test('usage that comes late takes the place of what was billed to a minimum', () => {
  expect(lateLinesOf({ minimum: '100' }, ['10', '40'], ['20', '20'])).toEqual([
    [REQUESTS, '3000'],
    [BOUNDS, '-3000'],
  ]);
  expect(lateLinesOf({ minimum: '100' }, ['10', '140'])).toEqual([
    [REQUESTS, '13000'],
    [BOUNDS, '-9000'],
  ]);
});

test('usage that comes late goes beyond a commitment, and what was billed to reach it is given back', () => {
  const commitment = { amount: '20', overageFactor: '2', trueUp: true };
  // 10 was missing before; with it, 20 are above and cost as much once more.
  expect(lateLinesOf({ commitment }, ['10', '40'])).toEqual([
    [REQUESTS, '3000'],
    [BOUNDS, '1000'],
  ]);
});

test('late usage that costs nothing changes nothing about a minimum', () => {
  expect(lateLinesOf({ minimum: '100' }, ['10', '10'])).toEqual([]);
});

test('what was billed to a minimum with half a minor unit is given back as it was rounded there', () => {
  const commitment = { amount: '0', overageFactor: '0', trueUp: false };
  expect(lateLinesOf({ minimum: '24.575', commitment }, ['0', '25'])).toEqual([
    [REQUESTS, '2500'],
    [BOUNDS, '-2500'],
  ]);
});

test('a cap that covers the base fee counts it', () => {
  const plan = { maximum: '500', baseFee: '100', boundsCover: 'charges_and_base_fee' } as const;
  expect(lateLinesOf(plan, ['390', '420'])).toEqual([
    [REQUESTS, '3000'],
    [BOUNDS, '-2000'],
  ]);
});

test('a plan without bounds, and a trial, have no such line', () => {
  expect(lateLinesOf({}, ['10', '40'])).toEqual([[REQUESTS, '3000']]);
  expect(lateLinesOf({ maximum: '5' }, ['10', '40'], ['0', '0'], { trial: true })).toEqual([[REQUESTS, '0']]);
});

test('a charge that cannot be priced is a problem, also where nothing came late to it', () => {
  const bounded = sampleCharge('input_tokens', {
    model: 'graduated',
    bands: [{ upTo: '10', unitPrice: '1', flatFee: '0' }],
    bounded: true,
    flatAtZero: false,
  });
  const [requests = bounded] = CHARGES;
  const planVersion = samplePlan({ baseFee: '0', charges: [requests, bounded], maximum: '500' });
  const usage = [sampleLateUsage('requests', '1', '2'), sampleLateUsage('input_tokens', '11', '11')];
  const result = rateInvoice(sampleInputs({ late: [sampleLate({ planVersion, usage })] }));
  expect(result).toHaveProperty('problems');
});

test('a cap that covers fees counts the seats that were held too', () => {
  const seats = {
    key: 'seats',
    description: 'Seats',
    unit: 'seat',
    price: { model: 'per_unit', unitPrice: '8' },
  } as const;
  const plan = { maximum: '100', fixedQuantities: [seats], boundsCover: 'charges_and_base_fee' } as const;
  const held = { key: 'seats', from: '2023-10-01T00:00:00Z', to: '2023-11-01T00:00:00Z', quantity: '10' };
  expect(lateLinesOf(plan, ['10', '40'], ['0', '0'], { quantities: [held] })).toEqual([
    [REQUESTS, '3000'],
    [BOUNDS, '-2000'],
  ]);
});
