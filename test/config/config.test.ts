import { describe, expect, test } from 'vitest';

import { ConfigError, readConfig } from '../../src/config.ts';

const COMPLETE = {
  DATABASE_URL: 'postgres://localhost/tollkeeper',
  REDIS_URL: 'redis://localhost:6379',
  TEMPORAL_ADDRESS: 'localhost:7233',
};

/** What reading an environment throws, as text. */
function refusalOf(environment: Readonly<Record<string, string>>): string {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('the environment', () => {
  test('needs three addresses; everything else has a default', () => {
    expect(readConfig(COMPLETE)).toMatchObject({ mode: 'test', profile: 'durable', shardCount: 2, apiPort: 4400 });
    expect(readConfig(COMPLETE).unknownTypes).toBe('refuse');
    expect(readConfig({ ...COMPLETE, TOLLKEEPER_UNKNOWN_TYPES: 'keep' }).unknownTypes).toBe('keep');
  });

  test('is refused with every missing and wrong variable in one error', () => {
    const refusal = refusalOf({ REDIS_URL: 'localhost:6379', TOLLKEEPER_SHARDS: 'two' });
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'TEMPORAL_ADDRESS', 'TOLLKEEPER_SHARDS'])
      expect(refusal).toContain(name);
  });

  test('takes one Redis or a cluster of it, with or without TLS', () => {
    for (const redisUrl of ['rediss://one:6379', 'redis-cluster://one:6379,two:6379', 'rediss-cluster://u:p@one,two'])
      expect(readConfig({ ...COMPLETE, REDIS_URL: redisUrl }).redisUrl).toBe(redisUrl);
  });

  test('takes an empty variable as absent, as compose files write it', () => {
    expect(readConfig({ ...COMPLETE, STRIPE_SECRET_KEY: '', TEMPORAL_UI_URL: '' }).temporalUiUrl).toBeNull();
  });

  test('is refused with a Stripe key, which would do nothing, and without repeating it', () => {
    const refusal = refusalOf({ ...COMPLETE, STRIPE_SECRET_KEY: 'sk_test_secret' });
    expect(refusal).toContain('STRIPE_SECRET_KEY is set');
    expect(refusal).not.toContain('sk_test_secret');
  });

  test('is refused when it would kill a live worker on purpose', () => {
    const refusal = refusalOf({ ...COMPLETE, TOLLKEEPER_MODE: 'live', TOLLKEEPER_CRASH_AFTER: 'rate' });
    expect(refusal).toContain('refused in live mode');
  });
});
