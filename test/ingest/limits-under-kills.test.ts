import { afterEach, beforeEach, expect, test } from 'vitest';

import { drainAll } from '../../src/journal/drain-until.ts';
import type { EventResult } from '../../src/domain/outcome.ts';
import { createTestRedis, type OwnTestRedis } from '../support/test-redis.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';
import { sendUntilAnswered } from './send-until-answered.ts';

const WEIGHTED_LIMIT = 900;
const PROJECT_LIMIT = 200;
const REQUESTS_LIMIT = 400;
const UNIT_LIMIT = 500;
const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: tokens, eventType: work, aggregation: sum, unit: token, dimensions: [project] }
  - { key: requests, eventType: work, aggregation: count, unit: request }
plans:
  - { key: basic, currency: USD, charges: [] }
tenants:
  - id: weighted
    currency: USD
    billingStart: 2026-10-01T00:00:00Z
    plan: basic
    limits:
      - { meter: tokens, mode: hard, limit: ${WEIGHTED_LIMIT} }
      - { meter: tokens, mode: hard, limit: ${PROJECT_LIMIT}, dimension: project }
      - { meter: requests, mode: hard, limit: ${REQUESTS_LIMIT} }
  - id: unit
    currency: USD
    billingStart: 2026-10-01T00:00:00Z
    plan: basic
    limits: [{ meter: tokens, mode: hard, limit: ${UNIT_LIMIT} }]
`;

const SENDERS = 256;
const EVENTS_PER_SENDER = 6;
const KILLS = 2;
const ANSWERS_BEFORE_KILL = 300;

let server: OwnTestRedis;
let stack: IngestStack;
let key: string;
let answered = 0;

beforeEach(async () => {
  server = await createTestRedis({ own: true });
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML, redisUrl: server.redisUrl });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(async () => {
  await stack.close();
  await server.drop();
});

interface WorkEvent {
  readonly id: string;
  readonly tenant: string;
  readonly quantity: number;
  readonly properties: { readonly project: string };
}

/** Sends one event with the same id until the service says what came of it. */
async function takeOne(event: WorkEvent): Promise<EventResult | undefined> {
  const [result] = await sendUntilAnswered(stack, key, [
    { ...event, type: 'work', occurredAt: '2026-11-20T10:00:00Z' },
  ]);
  answered += 1;
  return result;
}

async function sender(name: number, accepted: WorkEvent[]): Promise<void> {
  const isWeighted = name % 2 === 0;
  for (let number = 0; number < EVENTS_PER_SENDER; number += 1) {
    const event = {
      id: `${name}-${number}`,
      tenant: isWeighted ? 'weighted' : 'unit',
      quantity: isWeighted ? ((name + number) % 5) + 1 : 1,
      properties: { project: ['atlas', 'birch', 'cedar', 'dune', 'elm'][(name / 2 + number) % 5] ?? 'atlas' },
    };
    const result = await takeOne(event);
    expect(['accepted', 'duplicate', 'limit_exceeded']).toContain(result?.outcome);
    // A duplicate was accepted before its first answer was lost.
    if (result?.outcome !== 'limit_exceeded') accepted.push(event);
  }
}

async function killSometimes(): Promise<void> {
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await expect
      .poll(() => answered, { timeout: 60_000, interval: 5 })
      .toBeGreaterThanOrEqual(kill * ANSWERS_BEFORE_KILL);
    await server.kill();
    await server.restart();
  }
}

const sumOf = (events: readonly WorkEvent[]): number => events.reduce((sum, { quantity }) => sum + quantity, 0);

test('256 senders at once never pass a hard limit, although Redis is killed twice', async () => {
  const accepted: WorkEvent[] = [];
  await Promise.all([killSometimes(), ...Array.from({ length: SENDERS }, (_, name) => sender(name, accepted))]);
  for (let shard = 0; shard < 2; shard += 1) await drainAll(stack.drainContext(shard), { timeoutMs: 20_000 });

  const weighted = accepted.filter(({ tenant }) => tenant === 'weighted');
  expect(sumOf(weighted)).toBeLessThanOrEqual(WEIGHTED_LIMIT);
  expect(weighted.length).toBeLessThanOrEqual(REQUESTS_LIMIT);
  for (const [, events] of Map.groupBy(weighted, ({ properties }) => properties.project)) {
    expect(sumOf(events)).toBeLessThanOrEqual(PROJECT_LIMIT);
  }
  // Of units of one, every one that fits is taken.
  expect(sumOf(accepted.filter(({ tenant }) => tenant === 'unit'))).toBe(UNIT_LIMIT);

  const { rows } = await stack.pool.query<{ event_id: string }>('select event_id from usage_event');
  expect(rows.map(({ event_id: id }) => id).toSorted()).toEqual(accepted.map(({ id }) => id).toSorted());
}, 120_000);
