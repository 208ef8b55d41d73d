import { expect, test } from 'vitest';

import type { Meter } from '../../src/domain/meter.ts';
import type { Charge, PriceModel } from '../../src/domain/plan.ts';
import { planReadings, readsMeterAlone } from '../../src/rating/plan-readings.ts';
import { sampleCharge, sampleMeter } from './sample-inputs.ts';

const PER_UNIT: PriceModel = { model: 'per_unit', unitPrice: '1' };
const CALLS: Meter = { ...sampleMeter('calls'), dimensions: ['region'] };
const STORED: Meter = { ...sampleMeter('stored'), aggregation: 'latest', timeWeighted: true };
const METERS = new Map([CALLS, STORED].map((meter) => [meter.key, meter]));

const calls = (changes: Partial<Charge> = {}): Charge => ({ ...sampleCharge('calls', PER_UNIT), ...changes });

test('a charge wants its meter summed by its filter, and nothing is wanted for one that cannot be rated', () => {
  const filter = { region: ['eu'] };
  const model = 'no_such_model' as 'per_unit';
  const charges = [calls({ filter }), calls({ meter: 'gone' }), calls({ price: { model, unitPrice: '1' } })];
  expect(planReadings({ charges }, METERS)).toEqual([
    {
      charge: 'calls',
      meter: 'calls',
      aggregation: 'sum',
      isTimeWeighted: false,
      filter,
      reads: 'quantity',
      dimensions: [],
      bucket: null,
    },
  ]);
});

test('only a charge on all of a meter that is no gauge is content with the running number', () => {
  const bucketed: PriceModel = { model: 'bucketed', bucket: 'day', price: { model: 'per_unit', unitPrice: '1' } };
  const charges = [
    calls(),
    calls({ filter: { region: ['eu'] } }),
    calls({ price: bucketed }),
    { ...calls(), meter: 'stored' },
  ];
  const readings = planReadings({ charges }, METERS);
  expect(readings.map(readsMeterAlone)).toEqual([true, false, false, false]);
  expect(readings.map(({ isTimeWeighted }) => isTimeWeighted)).toEqual([false, false, false, true]);
  expect(readings.map(({ bucket }) => bucket)).toEqual([null, null, 'day', null]);
});
