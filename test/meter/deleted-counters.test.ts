import { afterEach, beforeEach, expect, test } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import { gateKey, usageKey } from '../../src/meter/keys.ts';
import type { TenantState } from '../../src/meter/meter-ledger.ts';
import { readAccounts } from '../../src/meter/read-accounts.ts';
import { readCounters, readGateRecord, retireCounters } from '../../src/meter/read-counters.ts';
import { readLimits } from '../../src/meter/read-limits.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { recordUsage } from '../../src/meter/record-usage.ts';
import { buildGroup, createMeterBench, newTenant, PERIOD, type MeterBench } from './meter-bench.ts';

const LIMIT = 3;

/** Counters that someone deleted, or a Redis that should not have evicted them. */
let bench: MeterBench;

beforeEach(async () => {
  bench = await createMeterBench();
  bench.ledger.tenants.set('acme', newTenant());
  await rebuildTenant(bench.meter, 'acme');
});
afterEach(() => bench.close());

async function status(...ids: string[]): Promise<string> {
  const answer = await recordUsage(bench.meter, buildGroup(ids.map((id) => ({ id, limit: LIMIT }))));
  return answer.kind === 'applied' ? answer.statuses.join('') : answer.kind;
}

function withUsage(scaledValue: string): TenantState {
  const counter = {
    meter: 'calls',
    usageStart: PERIOD,
    aggregation: 'sum',
    scaledValue,
    eventCount: scaledValue,
  } as const;
  const gate = { version: 1, sealedThroughMicros: requireInstant(PERIOD) };
  return { gate, periods: [{ accountingStart: PERIOD, counters: [counter] }] };
}

test('deleted counters are not empty counters: the ledger is asked, and the limit holds', async () => {
  expect(await status('a', 'b')).toBe('AA');
  await bench.redis.del(usageKey(0, 'acme', PERIOD));
  expect(await status('c', 'd')).toBe('void_gate');
  bench.ledger.tenants.set('acme', withUsage('2'));
  await rebuildTenant(bench.meter, 'acme');
  expect(await status('c', 'd')).toBe('AL');
  expect((await readCounters(bench.meter, 'acme', PERIOD)).get('calls')).toBe('3');
});

test('counters that a rebuild installed are missed as well', async () => {
  bench.ledger.tenants.set('acme', withUsage('2'));
  await rebuildTenant(bench.meter, 'acme', { evenWhenValid: true });
  await bench.redis.del(usageKey(0, 'acme', PERIOD));
  expect(await status('a')).toBe('void_gate');
});

test('a question about limits, and whoever reads counters, has them rebuilt too', async () => {
  const question = { tenant: 'acme', catalogueVersion: 1, gateVersion: 1, countedBy: '', accountingStart: PERIOD };
  const ask = () => readLimits(bench.meter, { ...question, counters: [{ meter: 'calls', window: 'period' }] });
  const account = async () =>
    (await readAccounts(bench.meter, 0, [{ tenant: 'acme', accountingStart: PERIOD }])).accounts[0]?.fields;
  const isOpen = async () => (await readGateRecord(bench.meter, 'acme')) !== undefined;
  bench.ledger.tenants.set('acme', withUsage('2'));
  const lose = async () => {
    await rebuildTenant(bench.meter, 'acme', { evenWhenValid: true });
    expect(await ask()).toMatchObject({ kind: 'read', totals: ['2'] });
    await bench.redis.del(usageKey(0, 'acme', PERIOD));
    expect(await isOpen()).toBe(true);
  };
  await lose();
  expect(await ask()).toEqual({ kind: 'void_gate', tenants: ['acme'] });
  expect(await isOpen()).toBe(false);
  await rebuildTenant(bench.meter, 'acme');
  expect(await ask()).toMatchObject({ kind: 'read', totals: ['2'] });
  await lose();
  expect(await account()).toBeUndefined();
  expect(await isOpen()).toBe(false);
  await rebuildTenant(bench.meter, 'acme');
  expect((await account())?.get('calls')).toBe('2');
  await lose();
  expect((await readCounters(bench.meter, 'acme', PERIOD)).size).toBe(0);
  expect(await isOpen()).toBe(false);
});

test('a rebuild that finds no usage leaves nothing to miss', async () => {
  expect(await status('a')).toBe('A');
  await bench.redis.del(usageKey(0, 'acme', PERIOD));
  expect(await status('b')).toBe('void_gate');
  await rebuildTenant(bench.meter, 'acme');
  expect(await status('b')).toBe('A');
});

test('retired counters may go, and their gate remembers them no longer', async () => {
  expect(await status('a')).toBe('A');
  expect(await bench.redis.hget(gateKey(0, 'acme'), `use:${PERIOD}`)).toBe('1');
  await retireCounters(bench.meter, 'acme', { accountingStart: PERIOD, afterSeconds: 0 });
  expect(await bench.redis.exists(usageKey(0, 'acme', PERIOD))).toBe(0);
  expect(await bench.redis.hget(gateKey(0, 'acme'), `use:${PERIOD}`)).toBeNull();
});
