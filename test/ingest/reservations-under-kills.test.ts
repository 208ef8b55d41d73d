import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { AuthenticatedKey } from '../../src/catalog/api-keys.ts';
import { createIngestService } from '../../src/ingest/create-ingest-service.ts';
import type { IngestService } from '../../src/ingest/ingest-service.ts';
import { commitReservation, releaseReservation } from '../../src/ingest/settle-reservation.ts';
import { takeReservation } from '../../src/ingest/take-reservation.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { holdsKey, shardOf, usageKey } from '../../src/meter/keys.ts';
import { MeterUnavailableError } from '../../src/meter/meter-errors.ts';
import { waitForConnection } from '../../src/meter/meter-connection.ts';
import { openMeterRedis } from '../../src/meter/redis-connection.ts';
import { createUsageMeter } from '../../src/meter/usage-meter.ts';
import { createTestRedis, type OwnTestRedis } from '../support/test-redis.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const LIMIT = 400;
const SHARD = shardOf('acme', 2);
const NOVEMBER = '2026-11-01T00:00:00Z';
const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: tokens, aggregation: sum, unit: token }
plans:
  - { key: basic, currency: USD, charges: [], limits: [{ meter: tokens, mode: hard, limit: ${LIMIT} }] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;

const WORKERS = 64;
const JOBS_PER_WORKER = 5;
const KILLS = 2;
const JOBS_BEFORE_KILL = 80;
const ATTEMPTS_MAX = 600;
const RETRY_PAUSE_MS = 50;

let server: OwnTestRedis;
let stack: IngestStack;
let key: AuthenticatedKey;
let second: ReturnType<typeof openMeterRedis>;
/** Two processes would be like this: nothing is shared but the stores. */
let services: readonly IngestService[];
let done = 0;

beforeEach(async () => {
  done = 0;
  server = await createTestRedis({ own: true });
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML, redisUrl: server.redisUrl });
  key = (await stack.service.keys.authenticate(await stack.createKey('write', ['ingest']))) as AuthenticatedKey;
  second = openMeterRedis(server.redisUrl, () => undefined);
  await waitForConnection(second, 5_000);
  const other = createIngestService({ ...stack.service, meter: createUsageMeter({ ...stack.meter, redis: second }) });
  services = [stack.service, other];
});
afterEach(async () => {
  second.disconnect();
  await stack.close();
  await server.drop();
});

/** Repeats what may be repeated until there is an answer. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof MeterUnavailableError)) throw error;
      await pause(RETRY_PAUSE_MS);
    }
  }
  throw new Error('the service did not come back');
}

function serviceOf(number: number): IngestService {
  return services[number % services.length] ?? stack.service;
}

async function reserve(id: string, quantity: number, place = 0) {
  const asked = { key, id, tenant: 'acme', meter: 'tokens', quantity, ttlSeconds: 3_600 };
  const answer = await untilAnswered(() => takeReservation(serviceOf(place), asked));
  if ('refusal' in answer) throw new Error(answer.refusal.message);
  return answer;
}

async function commit(reservation: string, quantity: number, place = 0) {
  const answer = await untilAnswered(() => commitReservation(serviceOf(place), { key, reservation, quantity }));
  if ('refusal' in answer) throw new Error(answer.refusal.message);
  return answer.result.outcome;
}

/** What is used and held, of one moment. */
async function taken(): Promise<number> {
  const texts = await stack.redis.hmget(usageKey(SHARD, 'acme', NOVEMBER), 'tokens', 'tokens~held');
  return texts.reduce((sum, text) => sum + Number(text ?? 0), 0);
}

/** Reserves in one process, and commits or releases in the other one. */
async function worker(name: number, committed: Map<string, number>): Promise<void> {
  for (let job = 0; job < JOBS_PER_WORKER; job += 1) {
    const id = `${name}-${job}`;
    const held = ((name + job) % 5) + 1;
    const answer = await reserve(id, held, name + job);
    done += 1;
    if (!answer.allowed) continue;
    if (job % 3 === 2) {
      const { reservation } = answer;
      await untilAnswered(() => releaseReservation(serviceOf(name + job + 1), { key, reservation }));
      continue;
    }
    const used = job % 2 === 0 ? held : Math.max(0, held - 1);
    expect(['accepted', 'duplicate']).toContain(await commit(answer.reservation, used, name + job + 1));
    committed.set(id, used);
  }
}

async function killSometimes(): Promise<void> {
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await expect.poll(() => done, { timeout: 60_000, interval: 5 }).toBeGreaterThanOrEqual(kill * JOBS_BEFORE_KILL);
    await server.kill();
    await server.restart();
  }
}

test('what two processes hold and use never passes the limit, although Redis is killed, and every commit is billed once', async () => {
  const committed = new Map<string, number>();
  const work = { isOver: false };
  const watch = async (): Promise<void> => {
    while (!work.isOver) {
      const now = await taken().catch(() => 0);
      expect(now).toBeLessThanOrEqual(LIMIT);
      await pause(5);
    }
  };
  const workers = Array.from({ length: WORKERS }, (_, name) => worker(name, committed));
  const watched = watch();
  await Promise.all([killSometimes(), ...workers]).finally(() => (work.isOver = true));
  await watched;

  const sum = [...committed.values()].reduce((total, one) => total + one, 0);
  expect(sum).toBeLessThanOrEqual(LIMIT);
  // Nothing is left over: the rest can be reserved to the last unit.
  expect(await stack.redis.zcard(holdsKey(SHARD, 'acme'))).toBe(0);
  expect(await reserve('more', LIMIT - sum + 1)).toMatchObject({ allowed: false });
  expect(await reserve('rest', LIMIT - sum)).toMatchObject({ allowed: true });
  await drainAll(stack.drainContext(SHARD), { timeoutMs: 20_000 });
  const { rows } = await stack.pool.query<{ id: string; quantity: number }>(
    `select event_id as id, quantity::integer as quantity from usage_event order by event_id`,
  );
  const billed = Object.fromEntries(rows.map(({ id, quantity }) => [id, quantity]));
  expect(billed).toEqual(Object.fromEntries([...committed].map(([id, used]) => [`reservation ${id}`, used])));
}, 180_000);

test('a hold outlives the death of Redis, and is committed behind it', async () => {
  const answer = await reserve('a', 300);
  if (!answer.allowed) throw new Error('nothing was held');
  await server.kill();
  await server.restart();
  expect(await reserve('b', 101, 1)).toMatchObject({ allowed: false, limits: [{ used: '0', held: '300' }] });
  expect(await commit(answer.reservation, 310, 1)).toBe('accepted');
  expect(await commit(answer.reservation, 310)).toBe('duplicate');
  expect(await reserve('c', 90)).toMatchObject({ allowed: true });
}, 60_000);

test('after all data of Redis is lost nothing is held, and a commit is billed once all the same', async () => {
  const answer = await reserve('a', 300);
  if (!answer.allowed) throw new Error('nothing was held');
  await stack.redis.flushall();
  await stack.redis.call('CLIENT', 'KILL', 'TYPE', 'normal');
  expect(await reserve('b', LIMIT - 200, 1)).toMatchObject({ allowed: true, limits: [{ held: '200' }] });
  const commitment = { key, reservation: answer.reservation, quantity: 150 };
  expect(await untilAnswered(() => commitReservation(serviceOf(1), commitment))).toMatchObject({
    result: { outcome: 'accepted' },
    was: null,
  });
  expect(await commit(answer.reservation, 150)).toBe('duplicate');
  expect(await taken()).toBe(350);
}, 60_000);
