import { afterEach, beforeEach, expect, test } from 'vitest';

import { shardKey } from '../../src/meter/keys.ts';
import { nodeServing } from '../../src/meter/meter-connection.ts';
import { type ClusterNode, startRedisCluster, type RedisCluster } from '../../tools/redis-cluster.ts';
import { batchForAll, type ClusterStack, openClusterStack, SHARDS, TENANTS } from './cluster-stack.ts';
import { startSenders, untilTaken } from './senders.ts';

let cluster: RedisCluster;
let stack: ClusterStack;

beforeEach(async () => {
  cluster = await startRedisCluster({ withReplicas: true });
  stack = await openClusterStack(cluster.redisUrl);
}, 60_000);
afterEach(async () => {
  await stack.close();
  await cluster.drop();
});

/** The master that serves shard 0, its replica, and the shards that it serves. */
async function firstPair(): Promise<{ master: ClusterNode; replica: ClusterNode; shards: number[] }> {
  const master = await cluster.ownerOf(shardKey(0));
  const replica = await cluster.replicaOf(master);
  const node = nodeServing(stack.meter.redis, shardKey(0));
  const all = Array.from({ length: SHARDS }, (_, shard) => shard);
  return { master, replica, shards: all.filter((shard) => nodeServing(stack.meter.redis, shardKey(shard)) === node) };
}

async function sendUntilTaken(events: readonly unknown[]): Promise<string[]> {
  const taken: string[] = [];
  await expect
    .poll(
      async () => {
        const results = await stack.send(events);
        taken.push(...(results ?? []).map(({ outcome }) => outcome));
        return results !== undefined;
      },
      { timeout: 20_000, interval: 50 },
    )
    .toBe(true);
  return taken;
}

async function incidents(): Promise<unknown[]> {
  const { rows } = await stack.pool.query('select kind, shard, details from incident order by shard');
  return rows;
}

async function epochs(): Promise<(string | null)[]> {
  return Promise.all(Array.from({ length: SHARDS }, (_, shard) => stack.meter.redis.hget(shardKey(shard), 'epoch')));
}

async function timesInLedger(): Promise<Record<string, string[]>> {
  const { rows } = await stack.pool.query<{ event_id: string; times: string[] }>(
    `
select event_id, array_agg(times::text order by tenant) as times
from (select event_id, tenant, count(*) as times from usage_event group by event_id, tenant) as event
group by event_id`,
  );
  return Object.fromEntries(rows.map((row) => [row.event_id, row.times]));
}

const once = TENANTS.map(() => '1');

test('what a promoted replica never got is named, and taken again; nothing is doubled', async () => {
  const { master, replica, shards } = await firstPair();
  await stack.send(batchForAll('drained'));
  await stack.drain();
  await stack.send(batchForAll('waiting'));
  await master.redis.wait(1, 5_000);
  await cluster.cutReplication(master);
  expect((await stack.send(batchForAll('lost')))?.every(({ outcome }) => outcome === 'accepted')).toBe(true);
  await master.kill();
  expect(await stack.send(batchForAll('during'))).toBeUndefined();
  await replica.redis.cluster('FAILOVER', 'TAKEOVER');

  const during = await sendUntilTaken(batchForAll('during'));
  expect(during.filter((outcome) => outcome !== 'accepted' && outcome !== 'duplicate')).toEqual([]);
  expect(await epochs()).toEqual(TENANTS.map((_, shard) => (shards.includes(shard) ? '2' : '1')));
  expect(await incidents()).toEqual(
    shards.map((shard) => ({ kind: 'journal_loss', shard, details: { epoch: 1, firstSequence: 3, lastSequence: 3 } })),
  );
  const again = await sendUntilTaken(batchForAll('lost'));
  expect(again).toEqual(TENANTS.map((_, shard) => (shards.includes(shard) ? 'accepted' : 'duplicate')));
  for (const name of ['drained', 'waiting']) {
    expect(await sendUntilTaken(batchForAll(name))).toEqual(TENANTS.map(() => 'duplicate'));
  }
  await stack.drain();
  expect(await timesInLedger()).toEqual({ drained: once, waiting: once, lost: once, during: once });

  // The old master comes back as a replica, and takes over again without any loss.
  await master.restart();
  await cluster.untilCaughtUp(master);
  await master.redis.cluster('FAILOVER', 'TAKEOVER');
  // It asks nobody: until the other one has heard of it there are two that accept, and what that one takes then is lost, and named.
  await cluster.untilCaughtUp(replica);
  await sendUntilTaken(batchForAll('back'));
  expect(await incidents()).toHaveLength(shards.length);
  expect(await epochs()).toEqual(TENANTS.map((_, shard) => (shards.includes(shard) ? '3' : '1')));
  await stack.drain();
  expect((await timesInLedger())['back']).toEqual(once);
}, 60_000);

test('a master that hung while its replica took over has nothing believed of it when it goes on', async () => {
  const { master, replica, shards } = await firstPair();
  await stack.send(batchForAll('before'));
  await master.redis.wait(1, 5_000);
  master.signal('SIGSTOP');
  try {
    expect(await stack.send(batchForAll('hanging'))).toBeUndefined();
    await replica.redis.cluster('FAILOVER', 'TAKEOVER');
    await sendUntilTaken(batchForAll('after'));
  } finally {
    master.signal('SIGCONT');
  }
  await cluster.untilCaughtUp(master);
  for (const name of ['before', 'hanging', 'after']) await sendUntilTaken(batchForAll(name));
  expect(await epochs()).toEqual(TENANTS.map((_, shard) => (shards.includes(shard) ? '2' : '1')));
  await stack.drain();
  expect(await timesInLedger()).toEqual({ before: once, hanging: once, after: once });
  expect(await incidents()).toEqual([]);
}, 60_000);

interface NamedRange {
  readonly epoch: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

test('a master that goes on without its replica until that takes over: what it took alone is named, and nothing else', async () => {
  const { master, replica } = await firstPair();
  const senders = startSenders(stack);
  await untilTaken(senders.taken, 20);
  await cluster.cutReplication(master);
  await untilTaken(senders.taken, 5);
  // The master lives, and learns of its successor from it.
  await replica.redis.cluster('FAILOVER', 'TAKEOVER');
  await untilTaken(senders.taken, 20);
  await senders.stop();
  await stack.drain();

  const times = await timesInLedger();
  const missing = [...senders.taken].map((name) => TENANTS.length - (times[name]?.length ?? 0));
  expect(Object.values(times).flat()).toEqual(Object.values(times).flatMap((of) => of.map(() => '1')));
  const { rows } = await stack.pool.query<{ shard: number; kind: string; details: NamedRange }>(
    'select shard::integer, kind, details from incident',
  );
  let named = 0;
  for (const { shard, kind, details } of rows) {
    expect(kind).toBe('journal_loss');
    named += details.lastSequence - details.firstSequence + 1;
    const { rows: found } = await stack.pool.query(
      'select 1 from usage_event where shard = $1::smallint and epoch = $2::bigint and sequence between $3::bigint and $4::bigint',
      [shard, details.epoch, details.firstSequence, details.lastSequence],
    );
    expect(found).toEqual([]);
  }
  expect(named).toBeGreaterThan(0);
  expect(missing.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(named);
}, 60_000);
