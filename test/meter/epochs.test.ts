import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { formatInstant, MICROS_PER_MINUTE, requireInstant } from '../../src/domain/instant.ts';
import { advanceGate } from '../../src/meter/advance-gate.ts';
import { gateKey, journalKey, shardKey } from '../../src/meter/keys.ts';
import { MeterUnavailableError } from '../../src/meter/meter-errors.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { readCounters, readGateRecord, repairCounter } from '../../src/meter/read-counters.ts';
import { recordUsage } from '../../src/meter/record-usage.ts';
import { createMeterTrim, trimJournal } from '../../src/meter/trim-journal.ts';
import type { TenantCounter } from '../../src/meter/meter-ledger.ts';
import { verifiedEpoch } from '../../src/meter/verify-incarnation.ts';
import { buildGroup, createMeterBench, newTenant, PERIOD, type MeterBench } from './meter-bench.ts';
import { createTestRedis, type OwnTestRedis } from '../support/test-redis.ts';

const LATE = '2026-10-01T00:00:00Z';
const PERIOD_MICROS = requireInstant(PERIOD);

function counterOf(meter: string, scaledValue: string, more: Partial<TenantCounter> = {}): TenantCounter {
  return { meter, usageStart: PERIOD, aggregation: 'sum', scaledValue, eventCount: '4', ...more };
}

function minutesBefore(count: number): string {
  return formatInstant(PERIOD_MICROS - count * MICROS_PER_MINUTE);
}

describe('epochs, gates and rebuilds', () => {
  let server: OwnTestRedis;
  let bench: MeterBench;

  beforeEach(async () => {
    server = await createTestRedis({ own: true });
    bench = await createMeterBench({ redisUrl: server.redisUrl });
    bench.ledger.tenants.set('acme', newTenant());
    await rebuildTenant(bench.meter, 'acme');
  });
  afterEach(async () => {
    await bench.close();
    await server.drop();
  });

  async function status(id: string, gate = 1): Promise<string> {
    const answer = await recordUsage(bench.meter, buildGroup([{ id }], { gate, catalogue: 1 }));
    return answer.kind === 'applied' ? answer.statuses.join('') : answer.kind;
  }

  test('an emptied Redis gets the next epoch, and accepts nothing before the tenant is rebuilt', async () => {
    expect(await status('a')).toBe('A');
    await bench.redis.flushall();
    expect(await status('b')).toBe('void_gate');
    bench.ledger.tenants.set('acme', {
      gate: { version: 1, sealedThroughMicros: PERIOD_MICROS },
      periods: [{ accountingStart: PERIOD, counters: [counterOf('calls', '41')] }],
    });
    await rebuildTenant(bench.meter, 'acme');
    expect(await status('b')).toBe('A');
    expect((await readCounters(bench.meter, 'acme', PERIOD)).get('calls')).toBe('42');
    expect(await bench.redis.hget(shardKey(0), 'epoch')).toBe('2');
  });

  test('what was answered and is lost is named with its range; what the ledger has is not', async () => {
    await status('a');
    await status('b');
    await status('c');
    bench.ledger.drained.set(1, 1);
    await bench.redis.flushall();
    await status('d');
    expect(bench.ledger.incidents).toEqual([
      { kind: 'journal_loss', tenant: null, shard: 0, details: { epoch: 1, firstSequence: 2, lastSequence: 3 } },
    ]);
  });

  test('sequences go on from the ledger in the next epoch, so that a gap shows', async () => {
    await status('a');
    const position = await bench.ledger.readPosition(0);
    bench.ledger.positions.set(0, { ...position, sequence: 7 });
    await bench.redis.flushall();
    await status('b');
    await rebuildTenant(bench.meter, 'acme');
    await status('b');
    expect((await bench.redis.xrange(journalKey(0), '-', '+')).map(([id]) => id)).toEqual(['2-8']);
  });

  test('a restarted Redis is a new incarnation: its journal is drained before the next epoch begins', async () => {
    await status('a');
    bench.ledger.drained.set(1, 1);
    const left: number[] = [];
    bench.ledger.onDrain = async () => {
      left.push(await bench.redis.xlen(journalKey(0)));
      expect(await bench.redis.hget(shardKey(0), 'state')).toBe('fenced');
    };
    await server.kill();
    await expect(status('b')).rejects.toThrow(MeterUnavailableError);
    await server.restart();
    await expect.poll(() => status('b').catch(() => 'down'), { timeout: 10_000 }).toBe('void_gate');
    expect(left).toEqual([1]);
    bench.ledger.onDrain = () => Promise.resolve();
    await rebuildTenant(bench.meter, 'acme');
    expect([await status('a'), await status('b')]).toEqual(['D', 'A']);
    expect(bench.ledger.incidents).toEqual([]);
  });

  test('a Redis that hangs is an error within seconds, never an accept', async () => {
    await bench.redis.client('PAUSE', 4_000, 'ALL');
    await expect(status('a')).rejects.toThrow(MeterUnavailableError);
  });

  test('a Redis that would forget on a power cut is refused with the line that mends it', async () => {
    await bench.redis.config('SET', 'appendfsync', 'everysec');
    await bench.redis.flushall();
    const other = await createMeterBench({ redisUrl: server.redisUrl });
    await expect(verifiedEpoch(other.meter, 0)).rejects.toThrow(/config set appendfsync always/);
    await other.close();
  });

  test('two processes settle on one epoch', async () => {
    const other = await createMeterBench({ redisUrl: server.redisUrl });
    Object.assign(other.ledger, { positions: bench.ledger.positions });
    await bench.redis.flushall();
    bench.meter.shards.forEach((shard) => (shard.epoch = undefined));
    const epochs = await Promise.all([verifiedEpoch(bench.meter, 0), verifiedEpoch(other.meter, 0)]);
    expect(new Set(epochs).size).toBe(1);
    await other.close();
  });

  test('a sealed gate takes nothing of older groups, and the fence is behind everything it took', async () => {
    await status('a');
    await status('b');
    const gate = { version: 2, sealedMicros: PERIOD_MICROS };
    expect(await advanceGate(bench.meter, 'acme', gate)).toEqual({ epoch: 1, sequence: 2 });
    expect(await status('c')).toBe('stale_gate');
    expect(await status('c', 2)).toBe('A');
    expect(await advanceGate(bench.meter, 'acme', { version: 1, sealedMicros: 0 })).toMatchObject({ sequence: 3 });
    expect(await readGateRecord(bench.meter, 'acme')).toMatchObject({ version: 2, sealedMicros: PERIOD_MICROS });
  });

  test('a rebuild that read the gate before a seal cannot undo the seal', async () => {
    await bench.redis.del(gateKey(0, 'acme'));
    let reads = 0;
    const before = bench.ledger.readTenantState.bind(bench.ledger);
    bench.ledger.readTenantState = async (tenant) => {
      const state = await before(tenant);
      reads += 1;
      if (reads === 1) {
        await advanceGate(bench.meter, 'acme', { version: 2, sealedMicros: PERIOD_MICROS });
        bench.ledger.tenants.set('acme', { gate: { version: 2, sealedThroughMicros: PERIOD_MICROS }, periods: [] });
      }
      return state;
    };
    await rebuildTenant(bench.meter, 'acme');
    expect(await readGateRecord(bench.meter, 'acme')).toMatchObject({ version: 2 });
    expect(reads).toBe(2);
  });

  test('a rebuild installs totals, maxima, latest values and late usage, and voids nothing else', async () => {
    const counters = [
      counterOf('calls', '9007199254740993'),
      counterOf('calls', '3', { usageStart: LATE }),
      counterOf('peak', '9', { aggregation: 'max' }),
      counterOf('level', '5', { aggregation: 'latest', lastAtMicros: 1_000 }),
    ];
    bench.ledger.tenants.set('acme', { ...newTenant(), periods: [{ accountingStart: PERIOD, counters }] });
    await rebuildTenant(bench.meter, 'acme', { evenWhenValid: true });
    const late = { id: 'a', usage: { peak: 8, level: 1 }, atMicros: 999 };
    await recordUsage(bench.meter, buildGroup([late]));
    expect(Object.fromEntries(await readCounters(bench.meter, 'acme', PERIOD))).toMatchObject({
      calls: '9007199254740993',
      [`calls@${LATE}`]: '3',
      peak: '9',
      'peak#n': '5',
      level: '5',
    });
  });

  test('a rebuild installs late usage of thousands of periods', async () => {
    const counters = Array.from({ length: 5_000 }, (_, number) =>
      counterOf('calls', String(number), { usageStart: minutesBefore(number) }),
    );
    bench.ledger.tenants.set('acme', { ...newTenant(), periods: [{ accountingStart: PERIOD, counters }] });
    await rebuildTenant(bench.meter, 'acme', { evenWhenValid: true });
    const installed = await readCounters(bench.meter, 'acme', PERIOD);
    expect(installed.size).toBe(10_000);
    expect(installed.get(`calls@${minutesBefore(4_999)}`)).toBe('4999');
  });

  test('trimming takes refused duplicates from the counters once, and keeps what is not drained', async () => {
    await recordUsage(bench.meter, buildGroup([{ id: 'a', usage: { calls: 5, peak: 7 } }]));
    await recordUsage(bench.meter, buildGroup([{ id: 'b', usage: { calls: 2 } }]));
    const refused = {
      epoch: 1,
      sequence: 1,
      tenant: 'acme',
      usagePeriodMicros: PERIOD_MICROS,
      accountingPeriodMicros: PERIOD_MICROS,
      counterChanges: [['calls', '5', 'sum'] as const, ['peak', '7', 'max'] as const],
    };
    for (let repeat = 0; repeat < 3; repeat += 1) {
      await trimJournal(bench.meter, 0, { epoch: 1, sequence: 1 }, [refused]);
    }
    const counters = await readCounters(bench.meter, 'acme', PERIOD);
    expect([counters.get('calls'), counters.get('calls#n'), counters.get('peak#n')]).toEqual(['2', '1', '0']);
    expect((await bench.redis.xrange(journalKey(0), '-', '+')).map(([id]) => id)).toEqual(['1-2']);
    expect(await createMeterTrim(bench.meter).readTrimmed(0)).toMatchObject({ epoch: 1, sequence: 1 });
  });

  test('trimming takes back a thousand refused events of a hundred meters each', async () => {
    const meters = Array.from({ length: 100 }, (_, number) => `meter_${number}`);
    const usage = Object.fromEntries(meters.map((meter) => [meter, 2]));
    const ids = Array.from({ length: 1_000 }, (_, number) => `event-${number}`);
    for (let first = 0; first < ids.length; first += 100) {
      const some = ids.slice(first, first + 100).map((id) => ({ id, usage }));
      await recordUsage(bench.meter, buildGroup(some));
    }
    const refused = ids.slice(1).map((_, place) => ({
      epoch: 1,
      sequence: place + 2,
      tenant: 'acme',
      usagePeriodMicros: PERIOD_MICROS,
      accountingPeriodMicros: PERIOD_MICROS,
      counterChanges: meters.map((meter) => [meter, '2', 'sum'] as const),
    }));
    for (let repeat = 0; repeat < 2; repeat += 1) {
      await trimJournal(bench.meter, 0, { epoch: 1, sequence: 1_000 }, refused);
    }
    const counters = await readCounters(bench.meter, 'acme', PERIOD);
    expect(new Set(meters.map((meter) => `${counters.get(meter)} ${counters.get(`${meter}#n`)}`))).toEqual(
      new Set(['2 1']),
    );
    expect(await bench.redis.xlen(journalKey(0))).toBe(0);
  });

  test('trimming leaves counters alone that were rebuilt behind the refused event', async () => {
    await recordUsage(bench.meter, buildGroup([{ id: 'a', usage: { calls: 5 } }]));
    const periods = [{ accountingStart: PERIOD, counters: [counterOf('calls', '100')] }];
    bench.ledger.tenants.set('acme', { ...newTenant(), periods });
    await rebuildTenant(bench.meter, 'acme', { evenWhenValid: true });
    const change = { epoch: 1, sequence: 1, tenant: 'acme', counterChanges: [['calls', '5', 'sum'] as const] };
    const periodsOf = { usagePeriodMicros: PERIOD_MICROS, accountingPeriodMicros: PERIOD_MICROS };
    await trimJournal(bench.meter, 0, { epoch: 1, sequence: 1 }, [{ ...change, ...periodsOf }]);
    expect((await readCounters(bench.meter, 'acme', PERIOD)).get('calls')).toBe('100');
  });

  test('a rebuild also empties counters of a period of which the ledger has nothing', async () => {
    await recordUsage(bench.meter, buildGroup([{ id: 'set-aside', usage: { calls: 5 } }]));
    await rebuildTenant(bench.meter, 'acme', { evenWhenValid: true });
    expect(await readCounters(bench.meter, 'acme', PERIOD)).toEqual(new Map());
    const answer = await recordUsage(bench.meter, buildGroup([{ id: 'a', usage: { calls: 5 }, limit: 5 }]));
    expect(answer).toMatchObject({ kind: 'applied', statuses: ['A'] });
  });

  test('a pin keeps the journal from its position on', async () => {
    for (const id of ['a', 'b', 'c']) await status(id);
    await bench.redis.hset(shardKey(0), 'pin', '1-2');
    await trimJournal(bench.meter, 0, { epoch: 1, sequence: 3 }, []);
    expect((await bench.redis.xrange(journalKey(0), '-', '+')).map(([id]) => id)).toEqual(['1-2', '1-3']);
  });

  test('a counter is repaired only while it holds what was read', async () => {
    await status('a');
    const repair = { accountingStart: PERIOD, field: 'calls', from: '7', to: '9' };
    expect(await repairCounter(bench.meter, 'acme', repair)).toBe(false);
    expect(await repairCounter(bench.meter, 'acme', { ...repair, from: '1' })).toBe(true);
    expect((await readCounters(bench.meter, 'acme', PERIOD)).get('calls')).toBe('9');
  });

  test('a rebuild that failed is begun again at once, one of another process is waited for', async () => {
    await bench.redis.del(gateKey(0, 'acme'));
    bench.ledger.onDrain = () => Promise.reject(new Error('PostgreSQL is away'));
    await expect(rebuildTenant(bench.meter, 'acme')).rejects.toThrow(/PostgreSQL is away/);
    bench.ledger.onDrain = () => Promise.resolve();
    await rebuildTenant(bench.meter, 'acme');
    expect(await status('a')).toBe('A');
    await bench.redis.hset(gateKey(0, 'acme'), 'state', 'rebuilding:other/1', 'rebuildMs', String(2 ** 50));
    const waiting = rebuildTenant(bench.meter, 'acme');
    await bench.redis.hset(gateKey(0, 'acme'), 'state', 'open');
    await waiting;
    expect(await status('b')).toBe('A');
  });

  test('rebuilds of one tenant in one process are one', async () => {
    await bench.redis.del(gateKey(0, 'acme'));
    const drains = bench.ledger.drains;
    await Promise.all(Array.from({ length: 8 }, () => rebuildTenant(bench.meter, 'acme')));
    expect(bench.ledger.drains - drains).toBe(1);
  });
});
