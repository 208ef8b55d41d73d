import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { takeEvents } from '../../src/ingest/take-events.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { watchMemory } from '../../src/meter/memory-watch.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { ingestRequest } from '../support/ingest-request.ts';
import { createTestRedis, type OwnTestRedis } from '../support/test-redis.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;

let server: OwnTestRedis;
let stack: IngestStack;
let key: string;

beforeAll(async () => {
  server = await createTestRedis({ own: true });
  stack = await createIngestStack({ now: '2026-11-20T10:30:00Z', yaml: YAML, redisUrl: server.redisUrl });
  key = await stack.createKey('app', ['ingest']);
});

afterAll(async () => {
  await stack.close();
  await server.drop();
});

let number = 0;

async function send() {
  number += 1;
  const event = { id: `event-${number}`, tenant: 'acme', type: 'calls', occurredAt: '2026-11-20T10:00:00Z' };
  return takeEvents(stack.service, ingestRequest(key, event));
}

const memory = () => stack.meter.memory;

describe('the watch of Redis memory', () => {
  test('says what is used, and has no bound where there is none', async () => {
    const watch = watchMemory(stack.meter, { maxBytes: null });
    await watch.look();
    watch.stop();
    expect(memory()).toMatchObject({ maxBytes: null, isFull: false });
    expect(memory().usedBytes).toBeGreaterThan(100_000);
  });

  test('makes ingest answer 503 near the bound, and go on once there is room', async () => {
    expect((await send()).status).toBe(200);
    const used = memory().usedBytes ?? 0;
    const tight = watchMemory(stack.meter, { maxBytes: used });
    await tight.look();
    tight.stop();
    const refused = await send();
    expect(refused).toMatchObject({
      status: 503,
      headers: { 'Retry-After': '5' },
      body: { error: { code: 'unavailable', dependency: 'redis', message: expect.stringContaining('too much') } },
    });
    const wide = watchMemory(stack.meter, { maxBytes: used * 10 });
    await wide.look();
    wide.stop();
    expect((await send()).status).toBe(200);
  });

  test('takes the lower of its own bound and that of Redis', async () => {
    await stack.redis.config('SET', 'maxmemory', '1gb');
    const watch = watchMemory(stack.meter, { maxBytes: 2 ** 40 });
    await watch.look();
    watch.stop();
    await stack.redis.config('SET', 'maxmemory', '0');
    expect(memory()).toMatchObject({ maxBytes: 2 ** 30, isFull: false });
  });
});

test('a Redis at its own bound refuses events, and is still drained', async () => {
  expect((await send()).status).toBe(200);
  await stack.redis.config('SET', 'maxmemory', '1');
  expect(await send()).toMatchObject({ status: 503, body: { error: { dependency: 'redis' } } });
  for (const shard of [0, 1]) await drainAll(stack.drainContext(shard), { timeoutMs: 10_000 });
  const { rows } = await stack.pool.query<{ count: string }>('select count(*) as count from usage_event');
  await stack.redis.config('SET', 'maxmemory', '0');
  expect(rows[0]?.count).toBe('3');
  expect((await send()).status).toBe(200);
});
