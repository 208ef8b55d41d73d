import { expect, test } from 'vitest';

import { spendOfCharges } from '../../src/rating/charge-spend.ts';
import type { ChargeSpend } from '../../src/rating/charge-spend.ts';
import type { RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleCharge, sampleInputs, sampleMeter, samplePlan, sampleSpan, sampleUsage } from './sample-inputs.ts';

const CHARGES = [
  { ...sampleCharge('calls', { model: 'per_unit', unitPrice: '1' }), maximum: '8' },
  sampleCharge('pages', { model: 'per_unit', unitPrice: '2' }),
];

function spendOf(changes: Partial<RatingInputs>): readonly ChargeSpend[] {
  const inputs = sampleInputs({ meters: [sampleMeter('calls'), sampleMeter('pages')], ...changes });
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return spendOfCharges(inputs, result.content);
}

test('a charge has spent what its own lines say, with its maximum, and without what coupons take off the bill', () => {
  const usage = [sampleUsage('calls', '10'), sampleUsage('pages', '3')];
  const spans = [sampleSpan({ planVersion: samplePlan({ charges: CHARGES }), usage })];
  const coupons = [{ id: 'half', description: 'half', discount: { percent: '50' }, charge: 'calls' }];
  expect(spendOf({ spans, coupons })).toMatchObject([
    { charge: 'calls', used: '10', amountMinor: '800' },
    { charge: 'pages', used: '3', amountMinor: '600' },
  ]);
});

test('what is used beyond the included units is told alike, whether they fill the lower bands or not', () => {
  const price = {
    model: 'graduated',
    bands: [{ upTo: null, unitPrice: '1', flatFee: '0' }],
    flatAtZero: false,
  } as const;
  const charges = (['before_band', 'after_band'] as const).map((includedUnitsTaken) => {
    return { ...sampleCharge('calls', price, '4'), key: includedUnitsTaken, includedUnitsTaken };
  });
  const usage = charges.map(({ key }) => sampleUsage(key, '10'));
  const spans = [sampleSpan({ planVersion: samplePlan({ charges }), usage })];
  expect(spendOf({ spans }).map(({ included, overage, cost }) => [included, overage, cost])).toEqual([
    ['4', '6', '6.00'],
    ['4', '6', '6.00'],
  ]);
});
