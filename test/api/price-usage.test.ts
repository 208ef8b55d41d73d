import { expect, test } from 'vitest';

import { priceUsage } from '../../src/api/price-usage.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { periodAt } from '../../src/domain/period.ts';
import { entryOf, feePlan, type FeeTenant } from '../catalog/cadence-bills.ts';
import { sampleCharge, sampleMeter } from '../rating/sample-inputs.ts';

const [JANUARY, MARCH, JULY] = ['2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z', '2026-07-01T00:00:00Z'] as const;

function planAt(unitPrice: string, version: number) {
  const charges = [sampleCharge('calls', { model: 'per_unit', unitPrice })];
  return feePlan({ version, charges, baseFee: '120', baseFeeEvery: 'week' });
}

const TENANT: FeeTenant = {
  billingStart: JANUARY,
  endsAt: JULY,
  periodLength: 'month',
  plans: [
    [planAt('1', 1), JANUARY],
    [planAt('2', 2), MARCH],
  ],
};

function costAt(entry: ReturnType<typeof entryOf>, at: string): string | undefined {
  const atMicros = requireInstant(at);
  const period = periodAt(entry.calendar, atMicros);
  if (period === undefined) throw new Error(`no period holds ${at}`);
  const readings = [{ meter: sampleMeter('calls'), quantity: '3', values: {}, usedBefore: null }];
  return priceUsage({ entry, atMicros, usagePeriod: { ...period, start: at }, isLate: false, readings }).cost?.amount;
}

test('events of several periods, in turn, each cost what their own period asks', () => {
  const entry = entryOf(TENANT);
  const days = ['2026-02-28T23:59:59Z', MARCH, '2026-02-10T00:00:00Z', '2026-03-31T00:00:00Z', '2026-01-01T00:00:00Z'];
  expect(days.map((day) => costAt(entry, day))).toEqual(['3', '6', '3', '6', '3']);
});

test('a tenant that was read again is priced by what it is then', () => {
  expect(costAt(entryOf(TENANT), MARCH)).toBe('6');
  expect(costAt(entryOf({ ...TENANT, plans: [[planAt('5', 1), JANUARY]] }), MARCH)).toBe('15');
});
