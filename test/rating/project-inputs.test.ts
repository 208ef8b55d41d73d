import { expect, test } from 'vitest';

import type { Charge, PriceModel } from '../../src/domain/plan.ts';
import { spendOfCharges } from '../../src/rating/charge-spend.ts';
import type { ChargeUsage, RatingInputs } from '../../src/rating/inputs.ts';
import { projectInputs } from '../../src/rating/project-inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleCharge, sampleInputs, sampleMeter, samplePlan, sampleSpan, sampleUsage } from './sample-inputs.ts';

/** A third of November. */
const AT = '2023-11-11T00:00:00Z';
const GRADUATED: PriceModel = {
  model: 'graduated',
  bands: [
    { upTo: '1000', unitPrice: '0.01', flatFee: '0' },
    { upTo: null, unitPrice: '0.005', flatFee: '0' },
  ],
  flatAtZero: false,
};

function inputs(charges: readonly Charge[], usage: readonly ChargeUsage[], changes: Partial<RatingInputs> = {}) {
  const planVersion = samplePlan({ charges, baseFee: '30' });
  return sampleInputs({ spans: [sampleSpan({ planVersion, usage })], ...changes });
}

function spend(of: RatingInputs | null) {
  if (of === null) return null;
  const result = rateInvoice(of);
  if ('problems' in result) throw new Error(result.problems.join());
  return spendOfCharges(of, result.content).map(({ used, included, overage, cost }) => [used, included, overage, cost]);
}

test('usage grows with time and is priced at the projected quantity', () => {
  const charge = { ...sampleCharge('requests', GRADUATED), includedUnits: '100' };
  const now = inputs([charge], [sampleUsage('requests', '500')]);
  expect(spend(now)).toEqual([['500', '100', '400', '4.00']]);
  // 1,500, of which 100 are included: 1,000 at 0.01 and 400 at 0.005.
  expect(spend(projectInputs(now, AT))).toEqual([['1500', '100', '1400', '12.00']]);
});

test('fees are whole, and a total is that of the invoice', () => {
  const result = rateInvoice(projectInputs(inputs([], []), AT) ?? sampleInputs());
  expect('content' in result && result.content.subtotalMinor).toBe('3000');
});

test('a maximum stays what it is', () => {
  const meters = [{ ...sampleMeter('seats'), aggregation: 'max' as const }];
  const charge = sampleCharge('seats', { model: 'per_unit', unitPrice: '2' });
  expect(spend(projectInputs(inputs([charge], [sampleUsage('seats', '7')], { meters }), AT))).toEqual([
    ['7', '0', '7', '14.00'],
  ]);
});

test('a gauge over time has the time of its span already, and of one to come what it would be then', () => {
  const meters = [{ ...sampleMeter('storage', 'GB'), aggregation: 'latest' as const, timeWeighted: true as const }];
  const charge = sampleCharge('storage', { model: 'per_unit', unitPrice: '0.01' });
  const planVersion = samplePlan({ charges: [charge] });
  const spans = [
    sampleSpan({ to: '2023-11-21T00:00:00Z', planVersion, usage: [sampleUsage('storage', '900.5')] }),
    sampleSpan({ from: '2023-11-21T00:00:00Z', planVersion, usage: [sampleUsage('storage', '500')] }),
  ];
  const projected = spend(projectInputs(sampleInputs({ spans, meters }), AT));
  expect(projected?.map(([used, , , cost]) => [used, cost])).toEqual([
    ['900.5', '9.01'],
    ['500', '5.00'],
  ]);
});

test('what prices single events is projected by what it came to, and its maximum holds', () => {
  const meters = [sampleMeter('payments')];
  const charge = sampleCharge('payments', { model: 'percentage', percent: '1', fixedFee: '0.10', freeEvents: '1' });
  const usage = [sampleUsage('payments', '300', { amounts: [['100', 3]] })];
  expect(spend(inputs([charge], usage, { meters }))).toEqual([['300', null, null, '2.20']]);
  expect(
    spend(projectInputs(inputs([charge], usage, { meters }), AT))
      ?.at(0)
      ?.at(3),
  ).toBe('6.60');
  const capped = inputs([{ ...charge, maximum: '5' }], usage, { meters });
  expect(spend(projectInputs(capped, AT))?.at(0)?.at(3)).toBe('5.00');
});

test.each<[string, Partial<Charge>, string]>([
  ['a fixed discount', { discount: { amount: '1' } }, '5.60'],
  ['a commitment', { commitment: { amount: '5', trueUp: true, overageFactor: '2' } }, '8.20'],
  ['a commitment that is not reached', { commitment: { amount: '7', trueUp: true, overageFactor: '2' } }, '7.00'],
])('%s of a charge that prices single events is for the period, and does not grow', (_name, changes, cost) => {
  const meters = [sampleMeter('payments')];
  const price: PriceModel = { model: 'percentage', percent: '1', fixedFee: '0.10', freeEvents: '1' };
  const charge = { ...sampleCharge('payments', price), ...changes };
  const usage = [sampleUsage('payments', '300', { amounts: [['100', 3]] })];
  // 2.20 in a third of the period.
  expect(
    spend(projectInputs(inputs([charge], usage, { meters }), AT))
      ?.at(0)
      ?.at(3),
  ).toBe(cost);
});

test('values of dimensions grow with time, hours stay what they came to for theirs, and what was not used is left out', () => {
  const meters = ['calls', 'hours', 'pages'].map((key) => ({ ...sampleMeter(key), dimensions: ['region'] }));
  const charges: Charge[] = [
    sampleCharge('calls', { model: 'matrix', dimensions: ['region'], cells: [], otherwise: GRADUATED }),
    { ...sampleCharge('hours', { model: 'bucketed', bucket: 'hour', price: GRADUATED }), minimum: '50' },
    sampleCharge('pages', GRADUATED),
  ];
  const part = { quantity: '500', eventCount: '1' };
  const usage = [
    sampleUsage('calls', '500', { parts: [{ ...part, values: { region: 'eu' }, bucket: null }] }),
    sampleUsage('hours', '500', { parts: [{ ...part, values: {}, bucket: '2023-11-01T00:00:00Z' }] }),
  ];
  // 1,500 in one region: 1,000 at 0.01 and 500 at 0.005. An hour of 5.00 is three of them, and less than the minimum.
  const projected = spend(projectInputs(inputs(charges, usage, { meters }), AT));
  expect(projected?.map(([used, , , cost]) => [used, cost])).toEqual([
    ['1500', '12.50'],
    ['1500', '50.00'],
    ['0', '0.00'],
  ]);
});

test('what is over stays, and a plan that is still to come has the usage of the one before it, per time', () => {
  const charge = sampleCharge('requests', { model: 'per_unit', unitPrice: '1' });
  const dearer = sampleCharge('requests', { model: 'per_unit', unitPrice: '10' });
  const spans = [
    sampleSpan({ to: '2023-11-06T00:00:00Z', usage: [sampleUsage('requests', '40')] }),
    sampleSpan({ from: '2023-11-06T00:00:00Z', to: '2023-11-21T00:00:00Z', usage: [sampleUsage('requests', '10')] }),
    sampleSpan({ from: '2023-11-21T00:00:00Z', usage: [] }),
  ].map((span, index) => ({ ...span, planVersion: samplePlan({ charges: [index === 2 ? dearer : charge] }) }));
  // 10 in the 5 days from the 6th on: 30 in its 15 days, 20 in the 10 days after it.
  expect(spend(projectInputs(sampleInputs({ spans }), AT))?.map(([used, , , cost]) => [used, cost])).toEqual([
    ['40', '40.00'],
    ['30', '30.00'],
    ['20', '200.00'],
  ]);
});

test('where no time has passed there is nothing to project, and what is over is what it is', () => {
  const now = inputs([sampleCharge('requests', GRADUATED)], [sampleUsage('requests', '500')]);
  expect(projectInputs(now, '2023-11-01T00:00:00Z')).toBeNull();
  expect(projectInputs(now, '2023-12-01T00:00:00Z')).toBe(now);
});
