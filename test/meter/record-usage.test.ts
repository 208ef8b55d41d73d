import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { journalKey, usageKey } from '../../src/meter/keys.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { readCounters } from '../../src/meter/read-counters.ts';
import { recordUsage } from '../../src/meter/record-usage.ts';
import { limitedCounterName } from '../../src/meter/usage-group.ts';
import { buildGroup, createMeterBench, newTenant, PERIOD, type EventSketch, type MeterBench } from './meter-bench.ts';

let bench: MeterBench;

beforeEach(async () => {
  bench = await createMeterBench();
  for (const tenant of ['acme', 'globex']) {
    bench.ledger.tenants.set(tenant, newTenant());
    await rebuildTenant(bench.meter, tenant);
  }
});
afterEach(() => bench.close());

async function statuses(sketches: readonly EventSketch[]): Promise<string> {
  const answer = await recordUsage(bench.meter, buildGroup(sketches));
  return answer.kind === 'applied' ? answer.statuses.join('') : answer.kind;
}

async function counter(field: string, tenant = 'acme'): Promise<string | undefined> {
  return (await readCounters(bench.meter, tenant, PERIOD)).get(field);
}

describe('recordUsage', () => {
  test('counts each accepted event once, however often it is sent', async () => {
    expect(await statuses([{ id: 'a', usage: { calls: 3 } }])).toBe('A');
    expect(await statuses([{ id: 'a', usage: { calls: 3 } }])).toBe('D');
    expect([await counter('calls'), await counter('calls#n')]).toEqual(['3', '1']);
  });

  test('tells a repeat from another content under the same id', async () => {
    expect(await statuses([{ id: 'a' }, { id: 'a' }, { id: 'a', content: 'other' }])).toBe('ADC');
    expect(await statuses([{ id: 'a', content: 'other' }, { id: 'a' }])).toBe('CD');
    expect(await counter('calls')).toBe('1');
  });

  test('keeps the ids of tenants apart', async () => {
    expect(await statuses([{ id: 'a' }, { id: 'a', tenant: 'globex' }])).toBe('AA');
    expect([await counter('calls'), await counter('calls', 'globex')]).toEqual(['1', '1']);
  });

  test('answers for a known id before the verdict of its time or tenant', async () => {
    await statuses([{ id: 'known' }]);
    const sent: EventSketch[] = [
      { id: 'new' },
      { id: 'known', verdict: 'T' },
      { id: 'known', content: 'other', verdict: 'E' },
      { id: 'unknown', verdict: 'X' },
    ];
    expect(await statuses(sent)).toBe('ADCX');
    expect(await statuses([{ id: 'unknown' }])).toBe('A');
  });

  test('takes exactly up to a hard limit, and a refused id stays free', async () => {
    const sent = [4, 4, 4, 2].map((calls, index) => ({ id: `e${index}`, usage: { calls }, limit: 10 }));
    const answer = await recordUsage(bench.meter, buildGroup(sent));
    expect(answer).toMatchObject({ kind: 'applied', statuses: ['A', 'A', 'L', 'A'] });
    expect(answer.kind === 'applied' && answer.totals.get(limitedCounterName('acme', PERIOD, 'calls'))).toBe('10');
    expect(await statuses([{ id: 'zero', usage: { calls: 0 }, limit: 10 }])).toBe('A');
    expect(await statuses([{ id: 'e2', usage: { calls: 4 }, limit: 14 }])).toBe('A');
  });

  test('an event of several meters is counted by all of them or by none', async () => {
    await statuses([{ id: 'a', usage: { calls: 9, tokens: 1 }, limit: 10 }]);
    expect(await statuses([{ id: 'b', usage: { tokens: 5, calls: 2 }, limit: 10 }])).toBe('L');
    expect([await counter('calls'), await counter('tokens'), await counter('tokens#n')]).toEqual(['9', '1', '1']);
  });

  test('keeps more counters of one period than one command reads or writes', async () => {
    const values = Array.from({ length: 3_000 }, (_, index) => `value${index}`);
    const sketches = values.map((valueDigest) => {
      const bounds = [{ window: 'period', valueDigest, scaled: 2, isHard: true }] as const;
      return { id: valueDigest, usage: { calls: 2 }, bounds };
    });
    expect(await statuses(sketches)).toBe('A'.repeat(3_000));
    expect(await counter('calls')).toBe('6000');
    expect(await bench.redis.hlen(usageKey(0, 'acme', PERIOD))).toBe(3_000 + ['calls', 'calls#n', '#epoch'].length);
    expect(await statuses(sketches.map((sketch) => ({ ...sketch, id: `${sketch.id}b` })))).toBe('L'.repeat(3_000));
  });

  test('adds exactly past 2^53', async () => {
    const largest = Number.MAX_SAFE_INTEGER;
    expect(await statuses([{ id: 'a', usage: { calls: largest } }])).toBe('A');
    expect(await statuses([{ id: 'b', usage: { calls: largest } }])).toBe('A');
    expect(await statuses([{ id: 'c', usage: { calls: 4 } }])).toBe('A');
    expect(await counter('calls')).toBe(String(2n * BigInt(largest) + 4n));
  });

  test('stops long before a total could overflow the 64 bits of Redis', async () => {
    await statuses([{ id: 'a' }]);
    const nearly = '999999999999999999';
    await bench.redis.hset(usageKey(0, 'acme', PERIOD), 'calls', nearly);
    expect(await statuses([{ id: 'b', usage: { calls: 1_000 } }])).toBe('L');
    expect(await counter('calls')).toBe(nearly);
  });

  test('keeps a latest value of the first instant there is', async () => {
    expect(await statuses([{ id: 'a', usage: { level: 30 }, atMicros: 0 }])).toBe('A');
    expect(await counter('level')).toBe('30');
  });

  test('keeps the maximum, and the value that is latest by its own time', async () => {
    const levels = [
      { id: 'a', usage: { peak: 3, level: 30 }, atMicros: 2_000 },
      { id: 'b', usage: { peak: 9, level: 90 }, atMicros: 1_000 },
      { id: 'c', usage: { peak: 5, level: 50 }, atMicros: 2_000 },
    ];
    expect(await statuses(levels)).toBe('AAA');
    expect(await statuses([{ id: 'd', usage: { peak: 1, level: 10 }, atMicros: 1_999 }])).toBe('A');
    expect([await counter('peak'), await counter('level'), await counter('peak#n')]).toEqual(['9', '50', '4']);
  });

  test('counts late usage of another period beside the period that bills it, outside its limit', async () => {
    const late = { usageStart: '2026-10-01T00:00:00Z' };
    expect(
      await statuses([
        { id: 'a', usage: { calls: 2 } },
        { id: 'b', usage: { calls: 5 }, ...late },
      ]),
    ).toBe('AA');
    expect([await counter('calls'), await counter('calls@2026-10-01T00:00:00Z')]).toEqual(['2', '5']);
  });

  test('writes one journal entry per call that accepted something, with a rising explicit id', async () => {
    await statuses([{ id: 'a' }, { id: 'a' }, { id: 'b' }]);
    await statuses([{ id: 'a' }]);
    await statuses([{ id: 'c', verdict: 'T' }, { id: 'd' }]);
    const entries = await bench.redis.xrange(journalKey(0), '-', '+');
    expect(entries.map(([id]) => id)).toEqual(['1-2', '1-3']);
    const [first] = entries.map(([, fields]) => new Map(fields.map((text, index) => [text, fields[index + 1] ?? ''])));
    expect([first?.get('f'), first?.get('c'), first?.get('s'), first?.get('o')]).toEqual(['1', '1', '1', 'ADA']);
    expect(JSON.parse(first?.get('i') ?? '')).toEqual({
      tenants: [{ id: 'acme', gate: 1 }],
      periods: [[0, PERIOD, PERIOD, 'UTC']],
      meters: [['calls', 0, 'sum']],
    });
    const [head = '', ...properties] = (first?.get('e') ?? '').split('\n');
    expect(JSON.parse(head)).toMatchObject({ id: ['a', 'a', 'b'], period: 0 });
    expect(properties).toHaveLength(3);
  });

  test('remembers ids across a change of the bucket, and forgets them after two', async () => {
    const age = (): Promise<number> => bench.redis.hset('tk:{s00}:shard', 'bucketStartedMs', '1');
    await statuses([{ id: 'a' }]);
    await age();
    expect(await statuses([{ id: 'a' }, { id: 'b' }])).toBe('DA');
    expect(await statuses([{ id: 'a' }])).toBe('D');
    expect(await bench.redis.pttl('tk:{s00}:ids:0')).toBeGreaterThan(0);
    await age();
    expect(await statuses([{ id: 'c' }])).toBe('A');
    expect(await statuses([{ id: 'b' }, { id: 'a' }])).toBe('DA');
  });

  test('says once per checkpoint that a tenant has new usage', async () => {
    await bench.redis.hset('tk:{s00}:gate:acme', 'dirty', '0');
    const first = await recordUsage(bench.meter, buildGroup([{ id: 'a' }, { id: 'b' }]));
    const second = await recordUsage(bench.meter, buildGroup([{ id: 'c' }]));
    expect([first, second]).toMatchObject([{ newlyDirty: ['acme'] }, { newlyDirty: [] }]);
  });

  test('applies nothing of a group that is stale or whose tenant has no gate', async () => {
    const group = [{ id: 'a' }];
    const newer = await recordUsage(bench.meter, buildGroup(group, { gate: 1, catalogue: 5 }));
    expect(newer.kind).toBe('applied');
    expect(await recordUsage(bench.meter, buildGroup([{ id: 'b' }]))).toEqual({ kind: 'stale_catalogue' });
    const gate = await recordUsage(bench.meter, buildGroup([{ id: 'b' }], { gate: 2, catalogue: 5 }));
    expect(gate).toEqual({ kind: 'stale_gate', tenant: 'acme', gateVersion: 1 });
    const stranger = buildGroup([{ id: 'b', tenant: 'initech' }], { gate: 1, catalogue: 5 });
    expect(await recordUsage(bench.meter, stranger)).toEqual({ kind: 'void_gate', tenants: ['initech'] });
    expect(await counter('calls')).toBe('1');
  });
});
