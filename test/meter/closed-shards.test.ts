import { afterEach, beforeEach, expect, test } from 'vitest';

import { ClosedShards } from '../../src/meter/closed-shards.ts';
import { shardKey } from '../../src/meter/keys.ts';
import { closeShard } from '../../src/meter/trim-journal.ts';
import { verifiedEpoch } from '../../src/meter/verify-incarnation.ts';
import { createMeterBench, type MeterBench } from './meter-bench.ts';

let bench: MeterBench;
let shards: ClosedShards;

beforeEach(async () => {
  bench = await createMeterBench();
  shards = new ClosedShards(bench.meter);
  expect(await verifiedEpoch(bench.meter, 0)).toBe(1);
});
afterEach(() => bench.close());

/** What a worker does in a round that finds nothing to drain. */
async function round(): Promise<number> {
  const epoch = await verifiedEpoch(bench.meter, 0);
  await shards.look(0);
  return epoch;
}

function isOpen(): Promise<boolean> {
  return bench.redis.hget(shardKey(0), 'state').then((state) => state === 'open');
}

test('a shard that another process closed is opened without an event', async () => {
  await closeShard(bench.meter, 0);
  expect([await round(), await round()]).toEqual([1, 1]);
  expect(await isOpen()).toBe(false);
  expect(await round()).toBe(2);
  expect(await isOpen()).toBe(true);
  expect([await round(), await round()]).toEqual([2, 2]);
});

test('a fence that is replaced is left to those who work behind it', async () => {
  for (const fence of ['one', 'two', 'three', 'four']) {
    await bench.redis.hset(shardKey(0), 'state', 'fenced', 'fence', fence);
    expect(await round()).toBe(1);
  }
});

test('a shard whose record is gone gets a new one', async () => {
  await bench.redis.del(shardKey(0));
  await round();
  await round();
  expect(await round()).toBe(2);
  expect(await isOpen()).toBe(true);
});
