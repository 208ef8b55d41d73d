import { expect, test } from 'vitest';

import { checkPlan } from '../../src/rating/check-plan.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleCharge, sampleInputs, samplePlan, sampleSpan } from './sample-inputs.ts';

test('a plan that prices of a tenant’s own make longer than any list is billed all the same: its period is sealed, and nobody could end them', () => {
  const charges = Array.from({ length: 1_001 }, (_, place) => {
    return { ...sampleCharge('requests', { model: 'per_unit', unitPrice: '1' }), key: `own_${place}` };
  });
  const planVersion = samplePlan({ charges });
  const inputs = sampleInputs({ spans: [sampleSpan({ planVersion, usage: [] })] });
  expect(rateInvoice(inputs)).toMatchObject({ content: { totalMinor: expect.any(String) } });
  const meters = new Map(inputs.meters.map((meter) => [meter.key, meter]));
  expect(checkPlan(planVersion, meters)).toMatchObject([{ path: 'charges' }]);
  expect(checkPlan({ ...planVersion, charges: charges.slice(1) }, meters)).toEqual([]);
});
