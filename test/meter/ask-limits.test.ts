import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { gateKey } from '../../src/meter/keys.ts';
import { readLimits, type LimitQuestion } from '../../src/meter/read-limits.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { recordUsage } from '../../src/meter/record-usage.ts';
import { buildGroup, createMeterBench, newTenant, PERIOD, type MeterBench } from './meter-bench.ts';

let bench: MeterBench;

const TENANTS = ['acme', 'globex', 'initech'];

beforeEach(async () => {
  bench = await createMeterBench();
  for (const tenant of TENANTS) {
    bench.ledger.tenants.set(tenant, newTenant());
    await rebuildTenant(bench.meter, tenant);
  }
});
afterEach(() => bench.close());

function questionOf(tenant: string, more: Partial<LimitQuestion> = {}): LimitQuestion {
  const counters = [
    { meter: 'calls', window: 'period' as const },
    { meter: 'calls', window: 'day' as const },
  ];
  const versions = { catalogueVersion: 1, gateVersion: 1, countedBy: '' };
  return { tenant, ...versions, accountingStart: PERIOD, counters, ...more };
}

describe('questions about limits', () => {
  test('of one turn of the event loop go in one call, and each is answered for itself', async () => {
    await recordUsage(bench.meter, buildGroup([{ id: 'a', tenant: 'acme', usage: { calls: 3 } }]));
    await recordUsage(bench.meter, buildGroup([{ id: 'b', tenant: 'globex', usage: { calls: 7 } }]));
    await bench.redis.del(gateKey(0, 'initech'));
    const call = vi.spyOn(bench.meter.redis, 'readLimits');
    const answers = await Promise.all([
      readLimits(bench.meter, questionOf('acme')),
      readLimits(bench.meter, questionOf('globex', { gateVersion: 2 })),
      readLimits(bench.meter, questionOf('initech')),
      readLimits(bench.meter, questionOf('globex', { countedBy: 'others' })),
      readLimits(bench.meter, questionOf('globex', { counters: [] })),
      readLimits(bench.meter, questionOf('globex')),
    ]);
    expect(call).toHaveBeenCalledTimes(1);
    expect(answers).toMatchObject([
      { kind: 'read', totals: ['3', '0'] },
      { kind: 'stale_gate', tenant: 'globex', gateVersion: 1 },
      { kind: 'void_gate', tenants: ['initech'] },
      { kind: 'stale_counters', tenants: ['globex'] },
      { kind: 'read', totals: [] },
      { kind: 'read', totals: ['7', '0'] },
    ]);
    await readLimits(bench.meter, questionOf('acme'));
    expect(call).toHaveBeenCalledTimes(2);
  });

  test('that are many are asked in calls of a bounded size', async () => {
    const call = vi.spyOn(bench.meter.redis, 'readLimits');
    const answers = await Promise.all(
      Array.from({ length: 201 }, (_, index) => readLimits(bench.meter, questionOf(TENANTS[index % 3] ?? ''))),
    );
    expect(answers.every(({ kind }) => kind === 'read')).toBe(true);
    expect(call).toHaveBeenCalledTimes(3);
  });

  test('all learn of a Redis that is away', async () => {
    bench.meter.redis.disconnect();
    const asked = TENANTS.map((tenant) => readLimits(bench.meter, questionOf(tenant)));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });
});
