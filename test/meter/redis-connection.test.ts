import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { waitForConnection } from '../../src/meter/meter-connection.ts';
import { askRedis, openMeterRedis } from '../../src/meter/redis-connection.ts';
import { createTestRedis, type OwnTestRedis } from '../support/test-redis.ts';

let server: OwnTestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await createTestRedis({ own: true });
  redis = openMeterRedis(server.redisUrl, () => undefined);
  await waitForConnection(redis, 5_000);
});

afterAll(async () => {
  redis.disconnect();
  await server.drop();
});

test('a command whose connection is lost fails with it, not with a time-out', async () => {
  const number = await redis.client('ID');
  const waiting = askRedis(() => redis.blpop('nothing', 0));
  const failed = expect(waiting).rejects.toThrow(/^Redis does not answer$/);
  const cause = waiting.catch((error: Error) => (error.cause as Error).message);
  const other = openMeterRedis(server.redisUrl, () => undefined);
  try {
    await waitForConnection(other, 5_000);
    await other.client('KILL', 'ID', number);
    await failed;
    expect(await cause).not.toMatch(/timed out/i);
  } finally {
    other.disconnect();
  }
});
