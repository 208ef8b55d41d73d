import { Redis } from 'ioredis';
import type { Fault } from '../fault.ts';
import { tenantPrefix } from '../load-plan.ts';

async function onRedis<T>(redisUrl: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(redisUrl);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** Everything in Redis is gone at once, and the server is the same one. */
export const everythingFlushed: Fault = {
  name: 'flushall',
  title: 'FLUSHALL while running',
  rounds: 5,
  losesData: true,
  run: async (world, round) => {
    await round.untilUnderWay();
    await onRedis(world.redis.url, (redis) => redis.flushall());
    round.healed();
  },
};

/** What a round takes away: each kind of key in turn. */
const KINDS = ['gate', 'use', 'ids', 'shard', 'journal'] as const;

/** Those that each tenant has. */
const TENANT_KINDS: ReadonlySet<string> = new Set(['gate', 'use']);

/** Single keys vanish, as an eviction or a hand at the wrong prompt would have it. */
export const keysDeleted: Fault = {
  name: 'keys-deleted',
  title: 'single keys evicted or deleted (gate, counters, ids, shard, journal)',
  rounds: KINDS.length * 2,
  losesData: true,
  run: async (world, round) => {
    await round.untilUnderWay();
    const kind = KINDS[round.number % KINDS.length] ?? 'gate';
    await onRedis(world.redis.url, async (redis) => {
      // Of tenants only those of the round: the others send nothing more that could bring their keys back.
      const found = await redis.keys(
        `tk:{s*}:${kind}${TENANT_KINDS.has(kind) ? `:${tenantPrefix(round.number)}*` : '*'}`,
      );
      if (found.length > 0) await redis.del(...found);
    });
    round.healed();
  },
};
