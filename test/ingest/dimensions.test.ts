import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { drainAll } from '../../src/journal/drain-until.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: count, unit: call, dimensions: [model, region] }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
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

function call(id: string, properties: object): object {
  return { id, tenant: 'acme', type: 'calls', occurredAt: '2026-11-20T10:00:00Z', properties };
}

async function openDeadLetters(): Promise<number> {
  await drainAll(stack.drainContext(0), { timeoutMs: 10_000 });
  const { rows } = await stack.pool.query<{ count: number }>('select count(*)::int as count from dead_letter');
  return rows[0]?.count ?? Number.NaN;
}

test('values of dimensions that no rollup can hold are refused, because an accepted event must reach the ledger', async () => {
  const results = await stack.send(key, [
    call('long', { model: randomBytes(3_000).toString('base64') }),
    call('list', { model: 'a', region: Array.from({ length: 700 }, () => Math.random()) }),
    call('object', { model: {} }),
    call('sound', { model: 'x'.repeat(500), region: 7 }),
    call('absent', {}),
  ]);
  expect(await openDeadLetters()).toBe(0);
  expect(results.map(({ outcome, path }) => [outcome, path])).toEqual([
    ['invalid', 'properties.model'],
    ['invalid', 'properties.region'],
    ['invalid', 'properties.model'],
    ['accepted', undefined],
    ['accepted', undefined],
  ]);
});
