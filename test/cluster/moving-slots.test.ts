import { afterEach, beforeEach, expect, test } from 'vitest';

import { shardKey } from '../../src/meter/keys.ts';
import { readCounters } from '../../src/meter/read-counters.ts';
import { type ClusterNode, startRedisCluster, type RedisCluster } from '../../tools/redis-cluster.ts';
import { batchForAll, type ClusterStack, NOVEMBER, openClusterStack, SHARDS, TENANTS } from './cluster-stack.ts';
import { startSenders, untilTaken } from './senders.ts';

let cluster: RedisCluster;
let stack: ClusterStack;
let from: ClusterNode;
let to: ClusterNode;

const MOVED_SHARD = 3;
const KEY = shardKey(MOVED_SHARD);

beforeEach(async () => {
  cluster = await startRedisCluster({ withReplicas: false });
  stack = await openClusterStack(cluster.redisUrl);
  from = await cluster.ownerOf(KEY);
  to = cluster.masters.find((node) => node !== from) ?? from;
}, 60_000);
afterEach(async () => {
  await stack.close();
  await cluster.drop();
});

async function expectEverythingOnce(taken: ReadonlySet<string>): Promise<void> {
  await stack.drain();
  const { rows } = await stack.pool.query<{ tenant: string; events: string; names: string }>(
    `
select tenant, count(*)::text as events, count(distinct event_id)::text as names
from usage_event group by tenant order by tenant`,
  );
  const events = String(taken.size);
  expect(rows).toEqual(TENANTS.toSorted().map((tenant) => ({ tenant, events, names: events })));
  await stack.send(batchForAll('0-0'));
  for (const tenant of TENANTS) {
    expect((await readCounters(stack.meter, tenant, NOVEMBER)).get('calls')).toBe(events);
  }
  expect((await stack.pool.query('select kind, details from incident')).rows).toEqual([]);
}

async function epochs(): Promise<(string | null)[]> {
  return Promise.all(Array.from({ length: SHARDS }, (_, shard) => stack.meter.redis.hget(shardKey(shard), 'epoch')));
}

test('a slot that moves under load answers 503 while it does, then goes on in a new epoch with nothing lost', async () => {
  const senders = startSenders(stack);
  await untilTaken(senders.taken, 20);
  await cluster.beginMove(KEY, from, to);
  while ((await cluster.moveKeys(KEY, from, to, 1)) > 0) await expect.poll(senders.refused).toBeGreaterThan(0);
  await cluster.endMove(KEY, to);
  await untilTaken(senders.taken, 20);
  await senders.stop();
  expect(await cluster.ownerOf(KEY)).toBe(to);
  expect(await epochs()).toEqual(TENANTS.map((_, shard) => (shard === MOVED_SHARD ? '2' : '1')));
  await expectEverythingOnce(senders.taken);
}, 60_000);
