import { afterEach, beforeEach, expect, test } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { sumUsage } from '../../src/ledger/sum-usage.ts';
import { idsKey, shardOf } from '../../src/meter/keys.ts';
import { readCounters } from '../../src/meter/read-counters.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';

const NOVEMBER = '2026-11-01T00:00:00Z';
const SHARD = shardOf('acme', 2);
const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call, scale: 2 }
  - { key: sendings, aggregation: count, unit: sending, eventType: calls }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
tenants:
  - { id: acme, currency: USD, billingStart: ${NOVEMBER}, plan: basic }
`;

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

async function send(...ids: readonly string[]): Promise<readonly string[]> {
  const event = { tenant: 'acme', type: 'calls', quantity: '1.25', occurredAt: '2026-11-20T10:00:00Z' };
  const results = await stack.send(
    key,
    ids.map((id) => ({ ...event, id })),
  );
  return results.map(({ outcome }) => outcome);
}

/** As after the dedup window: Redis knows no id any more. */
async function forgetIds(): Promise<void> {
  await stack.redis.del(...[0, 1, 2].map((bucket) => idsKey(SHARD, bucket)));
}

async function counters(): Promise<Record<string, string | undefined>> {
  const held = await readCounters(stack.meter, 'acme', NOVEMBER);
  return Object.fromEntries(['calls', 'calls#n', 'sendings', 'sendings#n'].map((field) => [field, held.get(field)]));
}

test('what Redis took a second time is refused by the ledger and taken back from the counters', async () => {
  expect(await send('a', 'b')).toEqual(['accepted', 'accepted']);
  await drainAll(stack.drainContext(SHARD), { timeoutMs: 10_000 });
  await forgetIds();
  expect(await send('a', 'c')).toEqual(['accepted', 'accepted']);
  expect(await counters()).toEqual({ calls: '500', 'calls#n': '4', sendings: '4', 'sendings#n': '4' });
  await drainAll(stack.drainContext(SHARD), { timeoutMs: 10_000 });
  expect(await counters()).toEqual({ calls: '375', 'calls#n': '3', sendings: '3', 'sendings#n': '3' });
  const sums = await sumUsage(stack.pool, { tenant: 'acme', accountingPeriod: requireInstant(NOVEMBER) });
  expect(sums.map(({ meter, quantity }) => [meter, quantity])).toEqual([
    ['calls', '3.75'],
    ['sendings', '3'],
  ]);
});

test('a second event of quantity 0 is taken back once too, where limits are on the values of a dimension', async () => {
  const limited = YAML.replace('scale: 2 }', 'scale: 2, dimensions: [model] }').replace(
    'charges: [] }',
    'charges: [], limits: [{ meter: calls, limit: 100, window: period, mode: hard, dimension: model }] }',
  );
  await stack.close();
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: limited });
  key = await stack.createKey('write', ['ingest']);
  const event = { tenant: 'acme', type: 'calls', occurredAt: '2026-11-20T10:00:00Z', properties: { model: 'large' } };
  const both = [
    { ...event, id: 'a', quantity: '7' },
    { ...event, id: 'b', quantity: '0' },
  ];
  await stack.send(key, both);
  await drainAll(stack.drainContext(SHARD), { timeoutMs: 10_000 });
  await forgetIds();
  await stack.send(key, both);
  await drainAll(stack.drainContext(SHARD), { timeoutMs: 10_000 });
  expect(await counters()).toEqual({ calls: '700', 'calls#n': '2', sendings: '2', 'sendings#n': '2' });
  const [answer] = await stack.send(key, [{ ...event, id: 'c', quantity: '93' }]);
  expect(answer).toMatchObject({ outcome: 'accepted', limits: [{ value: 'large', used: '100', remaining: '0' }] });
});

/** Sends events that the ledger has already, with what is different in them, and then an older one. */
async function resend(first: readonly object[], again: readonly object[]): Promise<readonly (string | undefined)[]> {
  const meters = `meters:
  - { key: peak, aggregation: max, unit: seat, eventType: calls }
  - { key: level, aggregation: latest, unit: seat, eventType: calls }
`;
  await stack.close();
  stack = await createIngestStack({
    now: '2026-11-20T10:30:15Z',
    yaml: YAML.replace(/meters:\n(?: .*\n)+/, meters),
  });
  key = await stack.createKey('write', ['ingest']);
  const event = { tenant: 'acme', type: 'calls', occurredAt: '2026-11-20T10:00:00Z' };
  await stack.send(
    key,
    first.map((own) => ({ ...event, ...own })),
  );
  await drainAll(stack.drainContext(SHARD), { timeoutMs: 10_000 });
  await forgetIds();
  await stack.send(
    key,
    again.map((own) => ({ ...event, ...own })),
  );
  await drainAll(stack.drainContext(SHARD), { timeoutMs: 10_000 });
  await stack.send(key, [{ ...event, id: 'older', quantity: '1', occurredAt: '2026-11-20T09:00:00Z' }]);
  const held = await readCounters(stack.meter, 'acme', NOVEMBER);
  return ['peak', 'peak#n', 'level', 'level#n'].map((field) => held.get(field));
}

test('a maximum and a latest value of other content are counted from the ledger again', async () => {
  expect(await resend([{ id: 'a', quantity: '5' }], [{ id: 'a', quantity: '9' }])).toEqual(['5', '2', '5', '2']);
});

test('a latest value that an equally late one had replaced does not come back', async () => {
  const first = [
    { id: 'a', quantity: '5' },
    { id: 'b', quantity: '9' },
  ];
  expect(await resend(first, [{ id: 'a', quantity: '5' }])).toEqual(['9', '3', '9', '3']);
});
