import type { Redis } from 'ioredis';

import { askRedis } from './redis-connection.ts';
import { MeterUnavailableError, RedisProfileError } from './meter-errors.ts';

/** What the durable profile needs, and what loses money without it. */
const REQUIRED: readonly { readonly setting: string; readonly value: string; readonly why: string }[] = [
  { setting: 'appendonly', value: 'yes', why: 'acknowledged events would be gone after a restart' },
  { setting: 'appendfsync', value: 'always', why: 'a power cut would lose the last second of acknowledged events' },
  { setting: 'maxmemory-policy', value: 'noeviction', why: 'counters and gates would vanish when memory runs short' },
  { setting: 'lazyfree-lazy-expire', value: 'yes', why: 'an expiring set of ids would stall every request' },
];

/**
 * Checks that a Redis keeps what it acknowledges. Throws `RedisProfileError` with every setting that is wrong and the line that
 * mends it. Where `CONFIG` is forbidden the operator must have attested it.
 */
export async function checkRedisProfile(redis: Redis, attested: boolean): Promise<void> {
  const problems: string[] = [];
  for (const { setting, value, why } of REQUIRED) {
    const actual = await readSetting(redis, setting, attested);
    if (actual !== undefined && actual !== value) {
      problems.push(`${setting} is ${actual}: ${why}; type: redis-cli config set ${setting} ${value}`);
    }
  }
  if (problems.length === 0) return;
  throw new RedisProfileError(['this Redis cannot keep the durable profile:', ...problems].join('\n  '));
}

async function readSetting(redis: Redis, setting: string, attested: boolean): Promise<string | undefined> {
  try {
    const answer = await askRedis<unknown>(() => redis.config('GET', setting));
    return Array.isArray(answer) ? String(answer[1]) : undefined;
  } catch (error) {
    const isForbidden = error instanceof MeterUnavailableError && /NOPERM|unknown command/i.test(error.message);
    if (isForbidden && attested) return undefined;
    if (!isForbidden) throw error;
    throw new RedisProfileError(
      `CONFIG is forbidden on this Redis: check ${setting} by hand and set TOLLKEEPER_REDIS_ATTESTED=1`,
    );
  }
}
