import { afterEach, beforeEach, expect, test } from 'vitest';

import { drainAll } from '../../src/journal/drain-until.ts';
import { shardOf } from '../../src/meter/keys.ts';
import { readCounters, readGateRecord } from '../../src/meter/read-counters.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import type { EventResult } from '../../src/domain/outcome.ts';
import { createTestRedis, type OwnTestRedis } from '../support/test-redis.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';
import { sendUntilAnswered } from './send-until-answered.ts';

const NOVEMBER = '2026-11-01T00:00:00Z';
const TENANTS = ['acme', 'globex', 'initech'];
const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
tenants:
${TENANTS.map((id) => `  - { id: ${id}, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }`).join('\n')}
`;

const SENDERS = 12;
const BATCHES_PER_SENDER = 40;
const BATCH_EVENTS = 10;
/** Batches answered between one kill and the next. */
const KILL_EVERY_BATCHES = 100;
const KILLS = 3;

let server: OwnTestRedis;
let stack: IngestStack;
let key: string;
let answered = 0;
let unavailable = 0;

beforeEach(async () => {
  server = await createTestRedis({ own: true });
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML, redisUrl: server.redisUrl });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(async () => {
  await stack.close();
  await server.drop();
});

async function take(events: readonly unknown[]): Promise<readonly EventResult[]> {
  const results = await sendUntilAnswered(stack, key, events, () => (unavailable += 1));
  answered += 1;
  return results;
}

async function sender(name: number, taken: Set<string>): Promise<void> {
  const tenant = TENANTS[name % TENANTS.length] ?? '';
  for (let batch = 0; batch < BATCHES_PER_SENDER; batch += 1) {
    const events = Array.from({ length: BATCH_EVENTS }, (_, index) => ({
      id: `${name}-${batch}-${index}`,
      tenant,
      type: 'calls',
      occurredAt: '2026-11-20T10:00:00Z',
      quantity: index,
    }));
    for (const { id, outcome } of await take(events)) {
      expect(['accepted', 'duplicate']).toContain(outcome);
      taken.add(`${tenant}/${id}`);
    }
  }
}

async function killSometimes(): Promise<void> {
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await expect
      .poll(() => answered, { timeout: 60_000, interval: 5 })
      .toBeGreaterThanOrEqual(kill * KILL_EVERY_BATCHES);
    await server.kill();
    await server.restart();
  }
}

test('every event that was answered is in the ledger once, although Redis was killed three times', async () => {
  const taken = new Set<string>();
  const senders = Promise.all(Array.from({ length: SENDERS }, (_, name) => sender(name, taken)));
  await Promise.all([senders, killSometimes()]);
  for (let shard = 0; shard < 2; shard += 1) await drainAll(stack.drainContext(shard), { timeoutMs: 20_000 });

  const { rows } = await stack.pool.query<{ tenant: string; event_id: string }>(
    'select tenant, event_id from usage_event',
  );
  const inLedger = rows.map(({ tenant, event_id: id }) => `${tenant}/${id}`);
  expect(inLedger.length).toBe(new Set(inLedger).size);
  expect(new Set(inLedger)).toEqual(taken);
  expect(taken.size).toBe(SENDERS * BATCHES_PER_SENDER * BATCH_EVENTS);
  expect(unavailable).toBeGreaterThan(0);

  for (const tenant of TENANTS) {
    const sums = await stack.pool.query<{ total: string }>(
      'select sum(quantity)::text as total from usage_event where tenant = $1::text',
      [tenant],
    );
    if ((await readGateRecord(stack.meter, tenant)) === undefined) await rebuildTenant(stack.meter, tenant);
    expect((await readCounters(stack.meter, tenant, NOVEMBER)).get('calls')).toBe(sums.rows[0]?.total);
  }
  const { rows: incidents } = await stack.pool.query('select kind, details from incident');
  expect(incidents).toEqual([]);
  const epochs = await stack.redis.hget(`tk:{s0${shardOf('acme', 2)}}:shard`, 'epoch');
  // A shard that nobody used between two kills sees one new incarnation for both.
  expect(Number(epochs)).toBeGreaterThan(1);
  expect(Number(epochs)).toBeLessThanOrEqual(1 + KILLS);
}, 120_000);
