import { afterAll, beforeAll, expect, test } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import { advanceGate } from '../../src/meter/advance-gate.ts';
import { journalKey, shardKey, usageKey } from '../../src/meter/keys.ts';
import { nodeServing } from '../../src/meter/meter-connection.ts';
import { readCounters, readGateRecord } from '../../src/meter/read-counters.ts';
import { readJournalStates } from '../../src/meter/read-journal-state.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { verifiedEpoch } from '../../src/meter/verify-incarnation.ts';
import { startRedisCluster, type RedisCluster } from '../../tools/redis-cluster.ts';
import {
  batchForAll,
  type ClusterStack,
  NOVEMBER,
  NOVEMBER_TENTH,
  openClusterStack,
  SHARDS,
  TENANTS,
} from './cluster-stack.ts';

let cluster: RedisCluster;
let stack: ClusterStack;

beforeAll(async () => {
  cluster = await startRedisCluster({ withReplicas: false });
  stack = await openClusterStack(cluster.redisUrl);
}, 60_000);
afterAll(async () => {
  await stack?.close();
  await cluster?.drop();
});

const shards = Array.from({ length: SHARDS }, (_, shard) => shard);

async function callsOf(tenant: string): Promise<string | undefined> {
  return (await readCounters(stack.meter, tenant, NOVEMBER)).get('calls');
}

async function inLedger(): Promise<{ tenant: string; events: string; total: string }[]> {
  const { rows } = await stack.pool.query<{ tenant: string; events: string; total: string }>(
    'select tenant, count(*)::text as events, sum(quantity)::text as total from usage_event group by tenant order by tenant',
  );
  return rows;
}

test('a batch that spans all shards is taken by all nodes, in order, once', async () => {
  const nodes = new Set(shards.map((shard) => nodeServing(stack.meter.redis, shardKey(shard))));
  expect(nodes.size).toBe(3);
  const batch = [...batchForAll('one', 3), ...batchForAll('two', 4)];
  const results = await stack.send(batch);
  expect(results?.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
    ...TENANTS.map(() => 'one accepted'),
    ...TENANTS.map(() => 'two accepted'),
  ]);
  expect((await stack.send(batch))?.map(({ outcome }) => outcome)).toEqual(batch.map(() => 'duplicate'));
  for (const tenant of TENANTS) expect(await callsOf(tenant)).toBe('7');
});

test('limits are asked, the journal of every shard is drained and cut', async () => {
  const answers = await Promise.all(TENANTS.map((tenant) => stack.check(tenant)));
  for (const answer of answers)
    expect(answer).toMatchObject({ allowed: true, limits: [{ used: '7', limit: '100000' }] });
  expect((await readJournalStates(stack.meter)).map(({ waitingEvents }) => waitingEvents)).toEqual(shards.map(() => 2));
  await stack.drain();
  expect(await inLedger()).toEqual(TENANTS.toSorted().map((tenant) => ({ tenant, events: '2', total: '7' })));
  const lengths = await Promise.all(shards.map((shard) => stack.meter.redis.xlen(journalKey(shard))));
  expect(lengths).toEqual(shards.map(() => 0));
});

test('a sealed gate is raised on every node, and counters come back from the ledger', async () => {
  const sealed = NOVEMBER_TENTH;
  await stack.pool.query('update gate set version = 2, sealed_through = $1::timestamptz', [sealed]);
  for (const [shard, tenant] of TENANTS.entries()) {
    const gate = { version: 2, sealedMicros: requireInstant(sealed) };
    expect(await advanceGate(stack.meter, tenant, gate)).toEqual({ epoch: 1, sequence: 2 });
    expect(await readGateRecord(stack.meter, tenant)).toMatchObject({ version: 2, sealedMicros: gate.sealedMicros });
    await stack.meter.redis.unlink(usageKey(shard, tenant, NOVEMBER));
    await rebuildTenant(stack.meter, tenant, { evenWhenValid: true });
    expect(await callsOf(tenant)).toBe('7');
  }
  expect((await stack.send(batchForAll('three')))?.map(({ outcome }) => outcome)).toEqual(
    TENANTS.map(() => 'accepted'),
  );
});

test('a node whose settings would lose events is refused for the shards it serves', async () => {
  const shard = 0;
  const node = await cluster.ownerOf(shardKey(shard));
  const other = await openClusterStack(cluster.redisUrl);
  await node.redis.config('SET', 'appendfsync', 'everysec');
  try {
    await expect(verifiedEpoch(other.meter, shard)).rejects.toThrow(/config set appendfsync always/);
  } finally {
    await node.redis.config('SET', 'appendfsync', 'always');
    await other.close();
  }
});
