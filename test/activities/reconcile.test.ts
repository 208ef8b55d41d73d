import { describe, expect, test } from 'vitest';

import { compareThreeWays, describeDrift, type ThreeWays } from '../../activities/reconcile.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import type { Aggregation, Meter } from '../../src/domain/meter.ts';
import type { UsageSum } from '../../src/ledger/usage-sum.ts';

const PERIOD = '2026-02-01T00:00:00Z';
const EARLIER = '2026-01-01T00:00:00Z';

function meter(key: string, aggregation: Aggregation, scale = 0): [string, Meter] {
  const definition = { key, version: 1, eventType: key, aggregation, value: { from: 'quantity' }, filter: [] } as const;
  return [key, { ...definition, dimensions: [], unit: key, scale }];
}

const catalogue = {
  meters: new Map([meter('calls', 'count'), meter('gigabytes', 'sum', 3), meter('users', 'unique')]),
};

function sum(key: string, quantity: string, eventCount: string, usageStart = PERIOD): UsageSum {
  const position = { epoch: 1, sequence: 1 };
  const usagePeriodMicros = requireInstant(usageStart);
  const aggregation = catalogue.meters.get(key)?.aggregation ?? 'sum';
  return { usagePeriodMicros, meter: key, aggregation, quantity, eventCount, first: position, last: position };
}

function accounts(
  counters: Record<string, string>,
  rollups: readonly UsageSum[],
  raw = rollups,
  hourlyRollups = rollups,
): ThreeWays {
  return { accountingStart: PERIOD, counters: new Map(Object.entries(counters)), rollups, hourlyRollups, raw };
}

describe('three accounts of one period', () => {
  test('agree when every figure is the same, whatever its scale', () => {
    const sums = [sum('calls', '3', '3'), sum('gigabytes', '1.5', '2')];
    const counters = { calls: '3', 'calls#n': '3', gigabytes: '1500', 'gigabytes#n': '2' };
    expect(compareThreeWays(catalogue, accounts(counters, sums))).toEqual({ compared: 2, drift: [] });
  });

  test('keep late usage of another period apart', () => {
    const sums = [sum('calls', '3', '3'), sum('calls', '2', '2', EARLIER)];
    const counters = { calls: '3', 'calls#n': '3', [`calls@${EARLIER}`]: '2', [`calls@${EARLIER}#n`]: '2' };
    expect(compareThreeWays(catalogue, accounts(counters, sums)).drift).toEqual([]);
    const mixedUp = { calls: '5', 'calls#n': '5' };
    expect(compareThreeWays(catalogue, accounts(mixedUp, sums)).drift).toHaveLength(4);
  });

  test('differ by name: a counter that grew, with its figures', () => {
    const { drift } = compareThreeWays(catalogue, accounts({ calls: '5', 'calls#n': '3' }, [sum('calls', '3', '3')]));
    expect(drift).toEqual([
      { meter: 'calls', usageStart: PERIOD, figure: 'quantity', counter: '5', rollups: '3', raw: '3' },
    ]);
    expect(drift.map(describeDrift)).toEqual([
      `drift in quantity of calls (usage of ${PERIOD}): counter 5, rollups 3, raw rows 3`,
    ]);
  });

  test('differ when only one of them knows a meter', () => {
    expect(compareThreeWays(catalogue, accounts({ calls: '1', 'calls#n': '1' }, [])).drift).toHaveLength(2);
    expect(compareThreeWays(catalogue, accounts({}, [sum('calls', '1', '1')])).drift).toHaveLength(2);
    expect(compareThreeWays(catalogue, accounts({}, [], [sum('calls', '1', '1')])).drift).toHaveLength(2);
  });

  test('differ when the rollups by hour are not those by day', () => {
    const [counters, days, hours] = [
      { calls: '3', 'calls#n': '3' },
      [sum('calls', '3', '3')],
      [sum('calls', '2', '3')],
    ];
    const { drift } = compareThreeWays(catalogue, accounts(counters, days, days, hours));
    expect(drift.map(describeDrift)).toEqual([
      `drift in quantity of calls (usage of ${PERIOD}): counter 3, rollups 3 (by the hour 2), raw rows 3`,
    ]);
    expect(compareThreeWays(catalogue, accounts({}, [], [], days)).drift).toHaveLength(2);
  });

  test('agree on a counter that refused duplicates brought back to zero', () => {
    expect(compareThreeWays(catalogue, accounts({ calls: '0', 'calls#n': '0' }, [])).drift).toEqual([]);
  });

  test('count distinct values in the ledger alone, and their events in all three', () => {
    const sums = [sum('users', '2', '7')];
    expect(compareThreeWays(catalogue, accounts({ 'users#n': '7' }, sums)).drift).toEqual([]);
    expect(
      compareThreeWays(catalogue, accounts({ 'users#n': '7' }, sums, [sum('users', '3', '7')])).drift,
    ).toHaveLength(1);
  });
});
