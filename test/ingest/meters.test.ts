import { afterEach, beforeEach, expect, test } from 'vitest';

import { takeEvents } from '../../src/ingest/take-events.ts';
import type { EventResult } from '../../src/domain/outcome.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { ingestRequest } from '../support/ingest-request.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: credits, eventType: llm, aggregation: sum, value: { weights: { input: 1, output: 4.5 } }, scale: 1 }
  - { key: heaviest, eventType: llm, aggregation: max, value: { weights: { input: 1, output: 4.5 } }, scale: 1 }
plans:
  - { key: basic, currency: USD, charges: [], limits: [{ meter: credits, mode: hard, limit: 100 }] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: basic }
`;

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

function event(id: string, type: string, properties: object): object {
  return { id, tenant: 'acme', type, occurredAt: '2026-11-20T10:00:00Z', properties };
}

async function drained<Row extends object>(query: string): Promise<Row[]> {
  await drainAll(stack.drainContext(0), { timeoutMs: 10_000 });
  return (await stack.pool.query<Row>(query)).rows;
}

test('a weighted sum of properties is counted, limited and kept like any value', async () => {
  const results = await stack.send(key, [
    event('both', 'llm', { input: 10, output: 3 }),
    event('one', 'llm', { output: '2' }),
    event('none', 'llm', { outputs: 2 }),
    event('past the limit', 'llm', { input: 68 }),
    event('to the limit', 'llm', { input: '67.5' }),
  ]);
  expect(results.map(({ outcome, path, limits }) => [outcome, path, limits?.[0]?.used])).toEqual([
    ['accepted', undefined, '23.5'],
    ['accepted', undefined, '32.5'],
    ['invalid', 'properties', undefined],
    ['limit_exceeded', undefined, '32.5'],
    ['accepted', undefined, '100'],
  ]);
  const rows = await drained(
    'select meter, quantity_sum::float8 as sum, quantity_max::float8 as max from usage_hourly order by meter',
  );
  expect(rows).toMatchObject([
    { meter: 'credits', sum: 100 },
    { meter: 'heaviest', max: 67.5 },
  ]);
});

async function sendKeeping(events: readonly object[]): Promise<readonly EventResult[]> {
  const answer = await takeEvents({ ...stack.service, unknownTypes: 'keep' }, ingestRequest(key, events));
  return (answer.body as { results: EventResult[] }).results;
}

test('an event whose type no meter takes is refused, or kept without a reading where the installation says so', async () => {
  const one = event('kept', 'page.view', { page: '/prices' });
  expect(await stack.send(key, [one])).toMatchObject([{ outcome: 'unknown_type' }]);
  const early = { ...one, id: 'early', occurredAt: '2026-11-20T11:00:00Z' };
  const results = await sendKeeping([one, event('metered', 'llm', { input: 1 }), one, { ...one, quantity: 2 }, early]);
  expect(results.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
    'kept unmetered',
    'metered accepted',
    'kept duplicate',
    'kept conflict',
    'early too_early',
  ]);
  expect(await drained('select event_id, type, readings from usage_event order by event_id')).toEqual([
    { event_id: 'kept', type: 'page.view', readings: {} },
    { event_id: 'metered', type: 'llm', readings: { credits: '1', heaviest: '1' } },
  ]);
  expect(await drained('select distinct meter from usage_hourly order by meter')).toEqual([
    { meter: 'credits' },
    { meter: 'heaviest' },
  ]);
});

function at(id: string, occurredAt: string): object {
  return { ...event(id, 'llm', { input: 1, output: 1 }), occurredAt };
}

test('an event is read by the version of a meter that holds at its own time, whenever it comes', async () => {
  const doubled = YAML.replaceAll('{ input: 1, output: 4.5 }', '{ input: 2, output: 9 }');
  await stack.apply(doubled.replace('key: credits,', 'key: credits, from: 2026-11-20T10:00:00Z,'));
  const { meters } = stack.catalogue.current();
  // Without `from`, a new version begins with the apply.
  expect([...meters.values()].map(({ version, from }) => [version, from])).toEqual([
    [2, '2026-11-20T10:00:00Z'],
    [2, '2026-11-20T10:30:15Z'],
  ]);
  await stack.send(key, [at('before', '2026-11-20T09:59:59.999999Z'), at('from', '2026-11-20T10:00:00Z')]);
  await stack.send(key, [at('new', '2026-11-20T10:30:15Z'), at('late', '2026-11-19T00:00:00Z')]);
  const rows = await drained('select event_id, readings from usage_event order by occurred_at');
  expect(rows).toEqual([
    { event_id: 'late', readings: { credits: '5.5', heaviest: '5.5' } },
    { event_id: 'before', readings: { credits: '5.5', heaviest: '5.5' } },
    { event_id: 'from', readings: { credits: '11', heaviest: '5.5' } },
    { event_id: 'new', readings: { credits: '11', heaviest: '11' } },
  ]);
});

test('a version may take another type, and a meter may begin: before that its type is unknown', async () => {
  await stack.apply(`
meters:
  - { key: credits, from: 2026-11-20T10:00:00Z, eventType: chat, aggregation: sum, scale: 1 }
  - { key: pages, from: 2026-11-20T10:00:00Z, eventType: page, aggregation: count }
`);
  const send = async (type: string, occurredAt: string): Promise<string | undefined> =>
    (await stack.send(key, [{ ...event(`${type} ${occurredAt}`, type, { input: 1 }), occurredAt }]))[0]?.outcome;
  const [before, after] = ['2026-11-20T09:00:00Z', '2026-11-20T10:00:00Z'];
  const outcomes: unknown[] = [];
  for (const type of ['llm', 'chat', 'page']) outcomes.push([type, await send(type, before), await send(type, after)]);
  expect(outcomes).toEqual([
    ['llm', 'accepted', 'accepted'],
    ['chat', 'unknown_type', 'accepted'],
    ['page', 'unknown_type', 'accepted'],
  ]);
  const rows = await drained('select meter, quantity_sum::float8 as sum from usage_hourly order by meter, hour');
  expect(rows).toEqual([
    { meter: 'credits', sum: 1 },
    { meter: 'credits', sum: 1 },
    { meter: 'heaviest', sum: 1 },
    { meter: 'heaviest', sum: 1 },
    { meter: 'pages', sum: 1 },
  ]);
});
