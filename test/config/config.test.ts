import { describe, expect, test } from 'vitest';

import { ConfigError, readConfig } from '../../src/config.ts';

const COMPLETE = {
  DATABASE_URL: 'postgres://localhost/tollkeeper',
  REDIS_URL: 'redis://localhost:6379',
  TEMPORAL_ADDRESS: 'localhost:7233',
};

describe('the environment', () => {
  test('needs three addresses; everything else has a default', () => {
    expect(readConfig(COMPLETE)).toMatchObject({ mode: 'test', profile: 'durable', shardCount: 2, apiPort: 4400 });
  });

  test('is refused with every missing and wrong variable in one error', () => {
    const read = (): unknown => readConfig({ REDIS_URL: 'localhost:6379', TOLLKEEPER_SHARDS: 'two' });
    expect(read).toThrow(ConfigError);
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'TEMPORAL_ADDRESS', 'TOLLKEEPER_SHARDS'])
      expect(read).toThrow(name);
  });

  test('takes an empty variable as absent, as compose files write it', () => {
    expect(readConfig({ ...COMPLETE, STRIPE_SECRET_KEY: '', TEMPORAL_UI_URL: '' }).temporalUiUrl).toBeNull();
  });

  test('is refused with a Stripe key, which would do nothing, and without repeating it', () => {
    const read = (): unknown => readConfig({ ...COMPLETE, STRIPE_SECRET_KEY: 'sk_test_secret' });
    expect(read).toThrow(/STRIPE_SECRET_KEY is set/);
    expect(read).not.toThrow(/sk_test_secret/);
  });

  test('is refused when it would kill a live worker on purpose', () => {
    const read = (): unknown => readConfig({ ...COMPLETE, TOLLKEEPER_MODE: 'live', TOLLKEEPER_CRASH_AFTER: 'rate' });
    expect(read).toThrow(/refused in live mode/);
  });
});
