import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { journalKey, shardKey } from '../../src/meter/keys.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { recordUsage } from '../../src/meter/record-usage.ts';
import { readTrimState, trimJournal } from '../../src/meter/trim-journal.ts';
import { buildGroup, createMeterBench, newTenant, type MeterBench } from './meter-bench.ts';

const HOUR_MS = 3_600_000;
const PLENTY = 1_000_000_000;

describe('what stays in the journal after it was committed', () => {
  let bench: MeterBench;
  beforeEach(async () => {
    bench = await createMeterBench();
    bench.ledger.tenants.set('acme', newTenant());
    await rebuildTenant(bench.meter, 'acme');
    for (let number = 1; number <= 6; number += 1) await recordUsage(bench.meter, buildGroup([{ id: `${number}` }]));
  });
  afterEach(() => bench.close());

  async function kept(): Promise<string[]> {
    return (await bench.redis.xrange(journalKey(0), '-', '+')).map(([id]) => id);
  }

  async function commit(sequence: number, retention = { ageMs: HOUR_MS, bytes: PLENTY }): Promise<void> {
    await trimJournal(bench.meter, 0, { epoch: 1, sequence }, [], retention);
  }

  /** Lets everything that is noted so far have happened so much earlier. */
  async function passTime(ms: number): Promise<void> {
    const marks = (await bench.redis.hget(shardKey(0), 'marks')) ?? '';
    const older = marks.replaceAll(/(\d+)=/g, (_mark, at: string) => `${Number(at) - ms}=`);
    await bench.redis.hset(shardKey(0), 'marks', older);
  }

  test('nothing, where no retention is asked for', async () => {
    await commit(4, { ageMs: 0, bytes: 0 });
    expect(await kept()).toEqual(['1-5', '1-6']);
    expect(await readTrimState(bench.meter, 0)).toEqual({
      epoch: 1,
      sequence: 4,
      keptFrom: { epoch: 1, sequence: 5 },
    });
  });

  test('what was committed within the age, while what is confirmed goes on', async () => {
    await commit(2);
    await passTime(HOUR_MS / 2);
    await commit(4);
    expect(await kept()).toHaveLength(6);
    expect(await readTrimState(bench.meter, 0)).toMatchObject({ epoch: 1, sequence: 4 });
    await passTime(HOUR_MS / 2);
    await commit(4);
    expect(await kept()).toEqual(['1-3', '1-4', '1-5', '1-6']);
    expect(await readTrimState(bench.meter, 0)).toMatchObject({ keptFrom: { epoch: 1, sequence: 3 } });
    await passTime(HOUR_MS);
    await commit(4);
    expect(await kept()).toEqual(['1-5', '1-6']);
  });

  test('never less than what waits, however small the size', async () => {
    await commit(4, { ageMs: HOUR_MS, bytes: 1 });
    expect(await kept()).toEqual(['1-5', '1-6']);
  });

  test('no more than the size, in whole positions', async () => {
    for (let number = 7; number <= 400; number += 1) {
      await recordUsage(bench.meter, buildGroup([{ id: `${number}` }]));
    }
    const bytes = Math.floor(Number(await bench.redis.memory('USAGE', journalKey(0))) / 2);
    await commit(400, { ageMs: HOUR_MS, bytes });
    const { keptFrom } = await readTrimState(bench.meter, 0);
    const left = await kept();
    expect(left[0]).toBe(`1-${keptFrom.sequence}`);
    expect(left.length).toBeGreaterThan(100);
    expect(left.length).toBeLessThan(250);
  });

  test('nothing comes back when the retention is raised', async () => {
    await commit(4, { ageMs: 0, bytes: 0 });
    await commit(5);
    expect(await readTrimState(bench.meter, 0)).toMatchObject({ keptFrom: { epoch: 1, sequence: 5 } });
  });

  test('the end of an older epoch goes by age like anything else', async () => {
    await commit(6);
    await bench.redis.hset(shardKey(0), 'state', 'fenced');
    bench.ledger.drained.set(1, 6);
    bench.meter.shards.forEach((shard) => (shard.epoch = undefined));
    await rebuildTenant(bench.meter, 'acme');
    await recordUsage(bench.meter, buildGroup([{ id: 'next' }]));
    await passTime(HOUR_MS / 2);
    await trimJournal(bench.meter, 0, { epoch: 2, sequence: 1 }, [], { ageMs: HOUR_MS, bytes: PLENTY });
    expect(await kept()).toHaveLength(7);
    await passTime(HOUR_MS);
    await trimJournal(bench.meter, 0, { epoch: 2, sequence: 1 }, [], { ageMs: HOUR_MS, bytes: PLENTY });
    expect(await kept()).toEqual([]);
    expect(await readTrimState(bench.meter, 0)).toMatchObject({ keptFrom: { epoch: 2, sequence: 2 } });
  });

  test('an audit that died holds nothing back', async () => {
    await bench.redis.hset(shardKey(0), 'pin', '1-2', 'pinUntilMs', '1');
    await commit(6, { ageMs: 0, bytes: 0 });
    expect(await kept()).toEqual([]);
  });
});
