import { afterEach, beforeEach, expect, test } from 'vitest';

import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const NOW = '2026-11-20T10:30:15Z';
const OCTOBER = '2026-10-01T00:00:00Z';
const NOVEMBER = '2026-11-01T00:00:00Z';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call, dimensions: [project] }
  - { key: storage, aggregation: max, unit: GB, scale: 1 }
  - { key: quiet, aggregation: sum }
  - { key: vast, aggregation: sum }
  - { key: rushed, aggregation: sum, dimensions: [project] }
plans:
  - key: basic
    currency: USD
    charges:
      - { key: calls, meter: calls, includedUnits: 40, price: { model: per_unit, unitPrice: 0.10 } }
    limits:
      - { meter: calls, mode: soft, limit: 100 }
      - { meter: rushed, mode: soft, window: minute, limit: 5 }
      - { meter: rushed, mode: soft, dimension: project, limit: 5 }
    alerts:
      - { meter: calls, shareOfLimit: 0.8 }
      - { meter: calls, shareOfIncluded: 1 }
      - { meter: calls, quantity: 120 }
      - { meter: storage, quantity: 2.5 }
      - { meter: vast, quantity: '9007199254740991' }
tenants:
  - { id: acme, currency: USD, billingStart: ${OCTOBER}, plan: basic }
  - { id: globex, currency: USD, billingStart: ${OCTOBER}, plan: basic }
`;

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: NOW, yaml: YAML });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

interface Sent {
  readonly id: string;
  readonly quantity: number | string;
  readonly type?: string;
  readonly tenant?: string;
  readonly occurredAt?: string;
}

async function send(...events: readonly Sent[]): Promise<string[]> {
  const whole = events.map((event) => ({
    tenant: 'acme',
    type: 'calls',
    occurredAt: '2026-11-20T10:00:00Z',
    ...event,
  }));
  return (await stack.send(key, whole)).map(({ outcome }) => outcome);
}

/** What was told since the last call. */
function told(): string[] {
  return stack.reached.splice(0);
}

test('a threshold is told once where totals are past what a number holds exactly', async () => {
  await send({ id: 'a', type: 'vast', quantity: '9007199254740991' });
  expect(told()).toEqual([`acme ${NOVEMBER}`]);
  await send({ id: 'b', type: 'vast', quantity: 2 });
  expect(told()).toEqual([]);
});

test('a threshold is told at the very event that reaches it, and not again', async () => {
  await send({ id: 'a', quantity: 39 });
  expect(told()).toEqual([]);
  await send({ id: 'b', quantity: 1 });
  expect(told()).toEqual([`acme ${NOVEMBER}`]);
  await send({ id: 'c', quantity: 39 });
  expect(told()).toEqual([]);
  await send({ id: 'd', quantity: 1 });
  expect(told()).toEqual([`acme ${NOVEMBER}`]);
});

test('a batch that reaches several thresholds, also of several meters, tells once, and of each tenant', async () => {
  await send(
    { id: 'peak', quantity: 9, type: 'storage' },
    { id: 'a', quantity: 50 },
    { id: 'b', quantity: 50 },
    { id: 'a', quantity: 60, tenant: 'globex' },
  );
  expect(told().toSorted()).toEqual([`acme ${NOVEMBER}`, `globex ${NOVEMBER}`]);
});

test('each period has its own thresholds, and the event says which period', async () => {
  await send({ id: 'a', quantity: 40 });
  await send({ id: 'b', quantity: 40, occurredAt: '2026-10-20T10:00:00Z' });
  expect(told()).toEqual([`acme ${NOVEMBER}`, `acme ${OCTOBER}`]);
});

test('what is not counted reaches nothing', async () => {
  await send({ id: 'a', quantity: 79 });
  told();
  expect(await send({ id: 'a', quantity: 79 }, { id: 'a', quantity: 80 })).toEqual(['duplicate', 'conflict']);
  expect(told()).toEqual([]);
});

test('a soft limit that is used up is told at 100 %, and thresholds beyond it as well', async () => {
  await send({ id: 'a', quantity: 99 });
  told();
  await send({ id: 'b', quantity: 1 });
  expect(told()).toHaveLength(1);
  expect(await send({ id: 'c', quantity: 19 }, { id: 'd', quantity: 1 })).toEqual(['accepted', 'accepted']);
  expect(told()).toHaveLength(1);
});

test('a maximum is told when it first reaches a threshold, at the scale of its meter', async () => {
  await send({ id: 'a', quantity: '2.4', type: 'storage' });
  expect(told()).toEqual([]);
  await send({ id: 'b', quantity: '2.5', type: 'storage' });
  expect(told()).toEqual([`acme ${NOVEMBER}`]);
  await send({ id: 'c', quantity: '9', type: 'storage' }, { id: 'd', quantity: '1', type: 'storage' });
  expect(told()).toEqual([]);
});

test('meters without thresholds tell nothing, nor do limits on short windows and on values of a dimension', async () => {
  await send({ id: 'a', quantity: 1_000, type: 'quiet' }, { id: 'b', quantity: 1_000, type: 'rushed' });
  expect(told()).toEqual([]);
});

test('a smaller limit of the tenant moves the thresholds that are shares of it', async () => {
  const own = `  - { id: globex, currency: USD, billingStart: ${OCTOBER}, plan: basic, limits: [{ meter: calls, mode: soft, limit: 20 }] }`;
  await stack.apply(YAML.replace(/ {2}- \{ id: globex.*/, own));
  await send({ id: 'a', quantity: 15, tenant: 'globex' }, { id: 'a', quantity: 15 });
  expect(told()).toEqual([]);
  await send({ id: 'b', quantity: 1, tenant: 'globex' }, { id: 'b', quantity: 1 });
  expect(told()).toEqual([`globex ${NOVEMBER}`]);
});

test('a hard limit that is used up is told, and what it then refuses is not', async () => {
  const own = `  - { id: globex, currency: USD, billingStart: ${OCTOBER}, plan: basic, limits: [{ meter: calls, mode: hard, limit: 100 }] }`;
  await stack.apply(YAML.replace(/ {2}- \{ id: globex.*/, own));
  const tenant = 'globex';
  await send({ id: 'a', quantity: 99, tenant });
  told();
  const over = { quantity: 50, tenant };
  expect(await send({ id: 'b', ...over }, { id: 'c', quantity: 1, tenant }, { id: 'd', ...over })).toEqual([
    'limit_exceeded',
    'accepted',
    'limit_exceeded',
  ]);
  expect(told()).toEqual([`globex ${NOVEMBER}`]);
  expect(await send({ id: 'e', ...over })).toEqual(['limit_exceeded']);
  expect(told()).toEqual([]);
});
