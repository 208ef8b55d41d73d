import { PassThrough } from 'node:stream';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { inTransaction } from '../../src/ledger/database.ts';
import { sealPeriod } from '../../src/ledger/seal-period.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { takeEvents } from '../../src/ingest/take-events.ts';
import { shardOf } from '../../src/meter/keys.ts';
import { readCounters, readGateRecord } from '../../src/meter/read-counters.ts';
import { ingestRequest } from '../support/ingest-request.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const NOW = '2026-11-20T10:30:15Z';
const OCTOBER = '2026-10-01T00:00:00Z';
const NOVEMBER = '2026-11-01T00:00:00Z';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
  - { key: other, aggregation: sum, unit: thing }
plans:
  - key: basic
    currency: USD
    baseFee: 1.00
    charges: []
    limits: [{ meter: calls, mode: hard, limit: 10 }]
tenants:
  - { id: acme, currency: USD, billingStart: ${OCTOBER}, plan: basic }
`;

let stack: IngestStack;
let key: string;
let backfill: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: NOW, yaml: YAML });
  key = await stack.createKey('write', ['ingest']);
  backfill = await stack.createKey('history', ['ingest:backfill']);
});
afterEach(() => stack.close());

function calls(id: string, quantity: number, occurredAt = '2026-11-20T10:00:00Z'): Record<string, unknown> {
  return { id, tenant: 'acme', type: 'calls', quantity, occurredAt };
}

function other(id: string, quantity: number): Record<string, unknown> {
  return { ...calls(id, quantity), type: 'other' };
}

async function outcomes(secret: string, events: readonly unknown[]): Promise<string[]> {
  return (await stack.send(secret, events)).map(({ outcome }) => outcome);
}

async function drain(): Promise<void> {
  await drainAll(stack.drainContext(shardOf('acme', 2)), { timeoutMs: 10_000 });
}

async function seal(periodStart: string): Promise<void> {
  const order = { tenant: 'acme', periodStart: requireInstant(periodStart) };
  await inTransaction(stack.pool, (client) => sealPeriod(client, order));
}

describe('takeEvents', () => {
  test('asks Redis once per shard and request', async () => {
    const tenants = ['acme', 'globex', 'initech', 'umbrella'];
    const more = tenants
      .slice(1)
      .map((id) => `  - { id: ${id}, currency: USD, billingStart: ${OCTOBER}, plan: basic }`);
    await stack.apply(YAML + more.join('\n'));
    const batch = tenants.flatMap((tenant) => ['a', 'b'].map((id) => ({ ...calls(id, 1), tenant })));
    const shards = tenants.map((tenant) => shardOf(tenant, 2));
    expect(new Set(shards).size).toBe(2);
    await stack.send(key, batch);
    const call = vi.spyOn(stack.meter.redis, 'recordUsage');
    const next = batch.map((event, index) => ({ ...event, id: `next-${index}` }));
    expect(await outcomes(key, next)).toEqual(batch.map(() => 'accepted'));
    expect(call).toHaveBeenCalledTimes(2);
  });

  test('answers with the state of each limit after each event', async () => {
    const results = await stack.send(key, [calls('a', 4), calls('b', 7), calls('c', 5)]);
    expect(results.map(({ outcome, limits }) => [outcome, limits?.[0]])).toEqual(
      [
        ['accepted', '4', '6'],
        ['limit_exceeded', '4', '6'],
        ['accepted', '9', '1'],
      ].map(([outcome, used, remaining]) => [
        outcome,
        { meter: 'calls', window: 'period', used, limit: '10', remaining, resetsAt: '2026-12-01T00:00:00Z' },
      ]),
    );
  });

  test('what was accepted reaches the ledger once, and the counter agrees with it', async () => {
    await outcomes(key, [calls('a', 2), calls('b', 3), calls('a', 2)]);
    await drain();
    const { rows } = await stack.pool.query('select event_id, quantity::text from usage_event order by event_id');
    expect(rows).toEqual([
      { event_id: 'a', quantity: '2' },
      { event_id: 'b', quantity: '3' },
    ]);
    expect((await readCounters(stack.meter, 'acme', NOVEMBER)).get('calls')).toBe('5');
  });

  test('a catalogue that changed elsewhere is read again, and the group is sent again', async () => {
    await outcomes(key, [calls('a', 1)]);
    const version = stack.catalogue.current().version;
    await stack.pool.query('update catalogue_version set version = version + 1');
    await stack.redis.hset(`tk:{s0${shardOf('acme', 2)}}:shard`, 'catalogue', String(version + 1));
    expect(await outcomes(key, [calls('b', 1)])).toEqual(['accepted']);
    expect(stack.catalogue.current().version).toBe(version + 1);
  });

  test('a period that was sealed elsewhere takes nothing more: its late usage is billed with the open one', async () => {
    await outcomes(key, [calls('a', 1, '2026-10-31T23:59:59Z')]);
    await seal(OCTOBER);
    expect(await outcomes(key, [calls('b', 2), calls('c', 3, '2026-10-31T23:59:58Z')])).toEqual([
      'accepted',
      'accepted',
    ]);
    expect(await readGateRecord(stack.meter, 'acme')).toMatchObject({ version: 1 });
    await stack.catalogue.reload();
    expect(await outcomes(key, [calls('d', 4, '2026-10-31T23:59:57Z')])).toEqual(['accepted']);
    expect(await readGateRecord(stack.meter, 'acme')).toMatchObject({
      version: 2,
      sealedMicros: requireInstant(NOVEMBER),
    });
    const november = await readCounters(stack.meter, 'acme', NOVEMBER);
    expect([november.get('calls'), november.get(`calls@${OCTOBER}`)]).toEqual(['2', '4']);
    expect((await readCounters(stack.meter, 'acme', OCTOBER)).get('calls')).toBe('4');
  });

  test('history is taken beyond the horizon until its period is sealed', async () => {
    const old = '2026-10-01T00:00:00.5Z';
    expect(await outcomes(key, [calls('a', 1, old)])).toEqual(['too_late']);
    expect(await outcomes(backfill, [calls('a', 1, old), calls('z', 1, '2026-09-30T23:59:59Z')])).toEqual([
      'accepted',
      'tenant_closed',
    ]);
    await seal(OCTOBER);
    await stack.catalogue.reload();
    expect(await outcomes(backfill, [calls('b', 1, old), calls('a', 1, old)])).toEqual(['too_late', 'duplicate']);
  });

  test('history that Redis has forgotten is known by the ledger', async () => {
    const old = '2026-10-02T00:00:00Z';
    await outcomes(backfill, [calls('a', 1, old)]);
    await drain();
    await stack.redis.flushdb();
    expect(await outcomes(backfill, [calls('a', 1, old), calls('a', 2, old)])).toEqual(['duplicate', 'conflict']);
    expect(await outcomes(backfill, [calls('b', 1, old)])).toEqual(['accepted']);
    expect((await readCounters(stack.meter, 'acme', OCTOBER)).get('calls')).toBe('2');
  });

  test('an emptied Redis has its counters back before the next limit is answered', async () => {
    await outcomes(key, [calls('a', 9)]);
    await drain();
    await stack.redis.flushdb();
    expect(await outcomes(key, [calls('b', 2), calls('c', 1)])).toEqual(['limit_exceeded', 'accepted']);
  });

  test('a total past 2^53 survives the loss of Redis', async () => {
    const largest = Number.MAX_SAFE_INTEGER;
    expect(await outcomes(key, [other('a', largest), other('b', largest)])).toEqual(['accepted', 'accepted']);
    await drain();
    await stack.redis.flushdb();
    expect(await outcomes(key, [other('c', 5)])).toEqual(['accepted']);
    expect((await readCounters(stack.meter, 'acme', NOVEMBER)).get('other')).toBe(String(2n * BigInt(largest) + 5n));
  });

  test('a repeat that Redis has forgotten is taken back when the ledger refuses it', async () => {
    await outcomes(key, [calls('a', 3)]);
    await drain();
    await stack.redis.flushdb();
    expect(await outcomes(key, [calls('a', 3), calls('b', 1)])).toEqual(['accepted', 'accepted']);
    await drain();
    const counters = await readCounters(stack.meter, 'acme', NOVEMBER);
    expect([counters.get('calls'), counters.get('calls#n')]).toEqual(['4', '2']);
  });

  test('periods that are not made yet are made when an event needs them', async () => {
    stack.setClock('2027-03-15T12:00:00Z');
    expect(await outcomes(key, [calls('a', 1, '2027-03-15T11:59:00Z')])).toEqual(['accepted']);
  });

  test('tells once that there is new usage', async () => {
    await stack.redis.hset(`tk:{s0${shardOf('acme', 2)}}:gate:acme`, 'dirty', '0');
    await outcomes(key, [calls('a', 1)]);
    await stack.redis.hset(`tk:{s0${shardOf('acme', 2)}}:gate:acme`, 'dirty', '0');
    await outcomes(key, [calls('b', 1)]);
    await outcomes(key, [calls('c', 1)]);
    expect(stack.poked).toEqual(['acme']);
  });

  test('a derived id is the same for the same request, and another with another idempotency key', async () => {
    const event = { tenant: 'acme', type: 'calls', occurredAt: '2026-11-20T10:00:00Z' };
    const send = async (idempotencyKey: string | undefined): Promise<unknown> => {
      const answer = await takeEvents(stack.service, ingestRequest(key, event, { idempotencyKey }));
      return (answer.body as unknown as { results: { outcome: string }[] }).results[0]?.outcome;
    };
    expect([await send(undefined), await send(undefined), await send('k1'), await send('k1')]).toEqual([
      'accepted',
      'duplicate',
      'accepted',
      'duplicate',
    ]);
  });

  test('a sender that leaves before its body has come is told so, and is no fault of the service', async () => {
    const body = new PassThrough();
    const answer = takeEvents(stack.service, ingestRequest(key, [], { body }));
    body.write('[{"id": "a", ');
    body.destroy();
    expect(await answer).toMatchObject({ status: 400, body: { error: { code: 'unreadable' } } });
  });

  test('a Redis that does not answer is a 503 that says when to come back', async () => {
    stack.meter.redis.disconnect();
    const answer = await takeEvents(stack.service, ingestRequest(key, calls('a', 1)));
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'Retry-After': '1' },
      body: { error: { code: 'unavailable' } },
    });
  });
});

test('a hard limit of 1,000 lets exactly 1,000 through, with 64 senders asking for 5,000', async () => {
  await stack.apply(YAML.replace('baseFee: 1.00', 'baseFee: 2.00').replace('limit: 10 ', 'limit: 1000 '));
  await stack.pool.query('update tenant_item set plan_version = 2');
  await stack.pool.query('update catalogue_version set version = version + 1');
  await stack.catalogue.reload();
  let accepted = 0;
  let refused = 0;
  const sender = async (name: number): Promise<void> => {
    for (let round = 0; round < 16; round += 1) {
      const batch = Array.from({ length: 5 }, (_, index) => calls(`${name}-${round}-${index}`, 1));
      for (const outcome of await outcomes(key, batch)) {
        if (outcome === 'accepted') accepted += 1;
        else if (outcome === 'limit_exceeded') refused += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: 64 }, (_, name) => sender(name)));
  expect([accepted, refused]).toEqual([1_000, 4_120]);
  expect((await readCounters(stack.meter, 'acme', NOVEMBER)).get('calls')).toBe('1000');
});
