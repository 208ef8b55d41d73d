import { Redis } from 'ioredis';

import { CliError, EXIT_FAILED } from '../cli-error.ts';

const SHARDS_MAX = 64;
const COMMAND_MS = 5_000;

/**
 * Adds one to a counter in Redis behind the engine's back, as a wrong script or a careless hand would.
 * @returns the key that was changed
 * @throws CliError when the tenant has no counters in that period
 */
export async function corruptCounter(
  redisUrl: string,
  tenant: string,
  periodStart: string,
  meter: string,
): Promise<string> {
  const redis = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1, commandTimeout: COMMAND_MS });
  try {
    await redis.connect();
    for (let shard = 0; shard < SHARDS_MAX; shard += 1) {
      const key = `tk:{s${String(shard).padStart(2, '0')}}:use:${tenant}:${periodStart}`;
      if ((await redis.hexists(key, meter)) === 0) continue;
      await redis.hincrby(key, meter, 1);
      return key;
    }
  } finally {
    redis.disconnect();
  }
  throw new CliError(`Redis has no counter of ${meter} for ${tenant} in the period ${periodStart}`, EXIT_FAILED);
}
