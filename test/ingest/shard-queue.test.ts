import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { EventResult } from '../../src/domain/outcome.ts';
import { takeEvents, type IngestAnswer } from '../../src/ingest/take-events.ts';
import { gateKey, shardOf } from '../../src/meter/keys.ts';
import { ingestRequest } from '../support/ingest-request.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const OCTOBER = '2026-10-01T00:00:00Z';
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
    limits: [{ meter: calls, mode: hard, limit: 700 }]
tenants:
  - { id: acme, currency: USD, billingStart: ${OCTOBER}, plan: basic }
  - { id: globex, currency: USD, billingStart: ${OCTOBER}, plan: basic }
  - { id: initech, currency: USD, billingStart: ${OCTOBER}, plan: basic }
`;

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
  // The first call verifies the shard and rebuilds the tenants' counters.
  await stack.send(
    key,
    ['acme', 'globex', 'initech'].map((tenant) => event('first', tenant, 'other')),
  );
});
afterEach(() => stack.close());

function event(id: string, tenant = 'acme', type = 'calls'): Record<string, unknown> {
  return { id, tenant, type, occurredAt: '2026-11-20T10:00:00Z' };
}

function take(events: unknown): Promise<IngestAnswer> {
  return takeEvents(stack.service, ingestRequest(key, events));
}

function resultsOf({ body }: IngestAnswer): readonly EventResult[] {
  return 'results' in body ? body.results : [];
}

function numbered(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

async function voidGate(tenant: string): Promise<void> {
  await stack.redis.hset(gateKey(shardOf(tenant, 1), tenant), 'epoch', '0');
}

describe('requests of one turn of the event loop', () => {
  test('share one call of the script, and each gets its own answers', async () => {
    const call = vi.spyOn(stack.meter.redis, 'recordUsage');
    const answers = await Promise.all(numbered(50).map((number) => take(event(`single-${number}`))));
    expect(call).toHaveBeenCalledTimes(1);
    expect(answers.map((answer) => resultsOf(answer)[0]?.id)).toEqual(numbered(50).map((number) => `single-${number}`));
  });

  test('are told the limit as it stood after each of their events', async () => {
    const answers = await Promise.all(numbered(10).map((number) => take([event(`a${number}`), event(`b${number}`)])));
    const used = answers.flatMap((answer) => resultsOf(answer).map(({ limits }) => limits?.[0]?.used));
    expect(used).toEqual(numbered(20).map((number) => String(number + 1)));
  });

  test('are told the same failure when the call fails, and the next request is taken', async () => {
    const call = vi.spyOn(stack.meter.redis, 'recordUsage').mockRejectedValueOnce(new Error('OOM command not allowed'));
    const answers = await Promise.all([take(event('x')), take(event('y', 'globex'))]);
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    expect(call).toHaveBeenCalledTimes(1);
    expect(resultsOf(await take(event('x')))).toMatchObject([{ outcome: 'accepted' }]);
  });

  test('are known to each other: the same event twice is one', async () => {
    const answers = await Promise.all([
      take(event('same')),
      take(event('same')),
      take({ ...event('same'), quantity: 2 }),
    ]);
    const outcomes = answers.map((answer) => resultsOf(answer)[0]?.outcome);
    expect(outcomes).toEqual(['accepted', 'duplicate', 'conflict']);
  });
});

describe('a request of more events than one call takes', () => {
  test('is judged in its order, call after call', async () => {
    const call = vi.spyOn(stack.meter.redis, 'recordUsage');
    const results = resultsOf(await take(numbered(1_000).map((number) => event(`many-${number}`))));
    expect(call).toHaveBeenCalledTimes(2);
    expect(results.map(({ outcome }) => outcome)).toEqual(
      numbered(1_000).map((number) => (number < 700 ? 'accepted' : 'limit_exceeded')),
    );
  });

  test('waits as a whole when its first part met an obstacle', async () => {
    await voidGate('acme');
    const call = vi.spyOn(stack.meter.redis, 'recordUsage');
    const results = resultsOf(await take(numbered(1_000).map((number) => event(`many-${number}`))));
    expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(700);
    expect(results[699]?.outcome).toBe('accepted');
    // The first part, refused, and then both again: the second part never went ahead of the first.
    expect(call).toHaveBeenCalledTimes(3);
  });
});

describe('a tenant whose gate is void', () => {
  test('does not keep its neighbours in the same call waiting', async () => {
    await voidGate('globex');
    const held = Promise.withResolvers<undefined>();
    const { ledger } = stack.meter;
    const readTenantState = ledger.readTenantState.bind(ledger);
    vi.spyOn(ledger, 'readTenantState').mockImplementation(async (tenant) => {
      await held.promise;
      return readTenantState(tenant);
    });
    const waiting = take([event('g1', 'globex'), event('a1')]);
    const neighbours = await Promise.all([take(event('a2')), take(event('i1', 'initech'))]);
    expect(neighbours.map((answer) => resultsOf(answer)[0]?.outcome)).toEqual(['accepted', 'accepted']);
    held.resolve(undefined);
    expect(resultsOf(await waiting).map(({ id, outcome }) => [id, outcome])).toEqual([
      ['g1', 'accepted'],
      ['a1', 'accepted'],
    ]);
  });
});
