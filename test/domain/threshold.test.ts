import { describe, expect, test } from 'vitest';

import type { Charge, Limit } from '../../src/domain/plan.ts';
import { reachesThreshold, scaledThreshold, thresholdsOf } from '../../src/domain/threshold.ts';

const LIMIT: Limit = { meter: 'calls', mode: 'hard', window: 'period', limit: '1001' };

function charge(meter: string, includedUnits: string): Charge {
  return { key: meter, meter, description: meter, includedUnits, price: { model: 'per_unit', unitPrice: '1' } };
}

describe('thresholds of a plan', () => {
  test('are exact shares of the limit and of the included units, and quantities', () => {
    const thresholds = thresholdsOf({
      limits: [{ ...LIMIT, mode: 'soft' }],
      charges: [charge('calls', '0'), charge('tokens', '0.3')],
      alerts: [
        { meter: 'calls', shareOfLimit: '0.80' },
        { meter: 'calls', shareOfLimit: '1.2' },
        { meter: 'tokens', shareOfIncluded: '0.1' },
        { meter: 'tokens', quantity: '50000.50' },
      ],
    });
    expect(thresholds).toEqual([
      { meter: 'calls', rule: 'limit:0.8', quantity: '800.8' },
      { meter: 'calls', rule: 'limit:1.2', quantity: '1201.2' },
      { meter: 'tokens', rule: 'included:0.1', quantity: '0.03' },
      { meter: 'tokens', rule: 'quantity:50000.5', quantity: '50000.5' },
      { meter: 'calls', rule: 'limit:1', quantity: '1001' },
    ]);
  });

  test.each(['hard', 'soft'] as const)('have the whole of a %s limit once, also where an alert says so', (mode) => {
    const whole = { meter: 'calls', rule: 'limit:1', quantity: '1001' };
    const source = { charges: [], limits: [{ ...LIMIT, mode }] };
    expect(thresholdsOf(source)).toEqual([whole]);
    expect(thresholdsOf({ ...source, alerts: [{ meter: 'calls', shareOfLimit: '1.0' }] })).toEqual([whole]);
  });

  test('leave out limits on short windows and on values of a dimension, and shares of what is not there', () => {
    const limits: Limit[] = [
      { ...LIMIT, window: 'minute' },
      { ...LIMIT, dimension: 'project' },
    ];
    const alerts = [
      { meter: 'calls', shareOfLimit: '0.8' },
      { meter: 'calls', shareOfIncluded: '0.8' },
    ];
    expect(thresholdsOf({ charges: [charge('calls', '0')], limits, alerts })).toEqual([]);
  });
});

describe('a threshold', () => {
  test.each([
    ['799', '800.8', false],
    ['800', '800.8', false],
    ['801', '800.8', true],
    ['800.80', '800.8', true],
    ['0', '0', false],
    ['0.1', '0', true],
  ])('usage of %s reaches %s: %s', (usage, quantity, isReached) => {
    expect(reachesThreshold(usage, { quantity })).toBe(isReached);
  });

  test.each([
    ['800.8', 0, 801n],
    ['800.8', 1, 8008n],
    ['800.80000000009', 3, 800801n],
    ['800', 2, 80000n],
    ['0', 0, 1n],
    ['0.0001', 2, 1n],
  ])('of %s at scale %i is reached by the counter %s', (quantity, scale, counter) => {
    expect(scaledThreshold({ quantity }, scale)).toBe(counter);
  });
});
