import { afterAll, beforeAll, expect, test } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import { takeEvents } from '../../src/ingest/take-events.ts';
import type { CostQuestion } from '../../src/ingest/usage-cost.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { sealPeriod } from '../../src/ledger/seal-period.ts';
import { ingestRequest } from '../support/ingest-request.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call, dimensions: [region, code] }
  - { key: peak, eventType: calls, aggregation: max, unit: call }
plans:
  - { key: basic, currency: USD, baseFee: 1.00 }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;

let stack: IngestStack;
let key: string;
const questions: CostQuestion[] = [];

beforeAll(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
  await stack.send(key, [event('first', 1)]);
});
afterAll(() => stack.close());

function event(id: string, quantity: number, more: object = {}): object {
  return { id, tenant: 'acme', type: 'calls', quantity, occurredAt: '2026-11-20T10:00:00Z', ...more };
}

async function take(events: readonly object[], asksForCost: boolean) {
  const service = {
    ...stack.service,
    priceUsage: (question: CostQuestion) => {
      questions.push(question);
      return { cost: null, costReason: `reason ${questions.length}` };
    },
  };
  const { body } = await takeEvents(service, ingestRequest(key, events, { asksForCost }));
  return 'results' in body ? body.results : [];
}

test('in one call with events that ask for nothing, each asked one knows what was used before it', async () => {
  questions.length = 0;
  const [plain, asked, last] = await Promise.all([
    take([event('a', 10), event('b', 20)], false),
    take([event('c', 30), event('d', 40, { properties: { region: 'eu', code: 7 } })], true),
    take([event('e', 50)], false),
  ]);
  expect([...plain, ...last].some((result) => 'cost' in result || 'costReason' in result)).toBe(false);
  expect(asked.map(({ outcome, costReason }) => [outcome, costReason])).toEqual([
    ['accepted', 'reason 1'],
    ['accepted', 'reason 2'],
  ]);
  const values = questions.map(({ readings }) =>
    readings.map(({ meter, quantity, usedBefore }) => [meter.key, quantity, usedBefore]),
  );
  expect(values).toEqual([
    // The calls of the beginning, a and b; what a maximum was before is not told.
    [
      ['calls', '30', '31'],
      ['peak', '30', null],
    ],
    [
      ['calls', '40', '61'],
      ['peak', '40', null],
    ],
  ]);
  expect(questions.map(({ readings }) => readings[0]?.values)).toEqual([{}, { region: 'eu', code: '7' }]);
});

test('late usage is told to be late, and what was used before it is not known', async () => {
  const order = { tenant: 'acme', periodStart: requireInstant('2026-10-01T00:00:00Z') };
  await inTransaction(stack.pool, (client) => sealPeriod(client, order));
  await stack.catalogue.reload();
  questions.length = 0;
  const [late] = await take([event('late', 5, { occurredAt: '2026-10-31T23:00:00Z' })], true);
  const [inTime] = await take([event('in time', 5)], true);
  expect([late?.outcome, inTime?.outcome]).toEqual(['accepted', 'accepted']);
  expect(questions.map(({ isLate, readings }) => [isLate, readings[0]?.usedBefore])).toEqual([
    [true, null],
    [false, '151'],
  ]);
});
