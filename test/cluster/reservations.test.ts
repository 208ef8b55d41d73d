import { afterAll, beforeAll, expect, test } from 'vitest';

import { holdName } from '../../src/ingest/reservation.ts';
import { commitReservation, releaseReservation } from '../../src/ingest/settle-reservation.ts';
import { takeReservation } from '../../src/ingest/take-reservation.ts';
import { holdsKey } from '../../src/meter/keys.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { startRedisCluster, type RedisCluster } from '../../tools/redis-cluster.ts';
import { type ClusterStack, openClusterStack, TENANTS } from './cluster-stack.ts';

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

const KEY = { keyId: 'key', mode: 'test', tenant: null, scopes: ['ingest'], expiresAtMicros: null } as const;

async function reserve(tenant: string, id: string, quantity: number) {
  const asked = { key: KEY, id, tenant, meter: 'calls', quantity, ttlSeconds: 3_600 };
  const answer = await takeReservation(stack.service, asked);
  if ('refusal' in answer) throw new Error(answer.refusal.message);
  return answer;
}

test('units are held, held again by a rebuild, run out, committed and released on every node', async () => {
  for (const [shard, tenant] of TENANTS.entries()) {
    const [first, second, third] = [
      await reserve(tenant, 'a', 40_000),
      await reserve(tenant, 'b', 50_000),
      await reserve(tenant, 'c', 10_000),
    ];
    if (!first.allowed || !second.allowed || !third.allowed) throw new Error(`nothing was held for ${tenant}`);
    await rebuildTenant(stack.meter, tenant, { evenWhenValid: true });
    expect(await reserve(tenant, 'd', 1)).toMatchObject({ allowed: false, limits: [{ held: '100000' }] });
    const commitment = { key: KEY, reservation: first.reservation, quantity: 30_000 };
    expect(await commitReservation(stack.service, commitment)).toMatchObject({ result: { outcome: 'accepted' } });
    const question = { key: KEY, reservation: second.reservation };
    expect(await releaseReservation(stack.service, question)).toMatchObject({ state: 'released' });
    // The last one runs out.
    const holds = holdsKey(shard, tenant);
    await (await cluster.ownerOf(holds)).redis.zadd(holds, 1, holdName({ tenant, id: 'c' }));
    const [result] = (await stack.send([
      { id: 'x', tenant, type: 'calls', quantity: 70_000, occurredAt: '2026-11-20T10:00:00Z' },
    ])) ?? [undefined];
    expect(result).toMatchObject({ outcome: 'accepted', limits: [{ used: '100000', remaining: '0' }] });
  }
});
