import { afterEach, beforeEach, expect, test } from 'vitest';

import { countBack, type CountBackRequest, type CountBackResult } from '../../src/api/count-back.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { advanceCatalogue } from '../../src/meter/advance-gate.ts';
import { readCounters } from '../../src/meter/read-counters.ts';
import type { UsageMeter } from '../../src/meter/usage-meter.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: count }
plans:
  - { key: basic, currency: USD, charges: [] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: basic }
`;
const EVENTS = 50;

let stack: IngestStack;
let key: string;

function calls(from: number, howMany: number): object[] {
  return Array.from({ length: howMany }, (_, index) => ({
    id: String(from + index),
    tenant: 'acme',
    type: 'calls',
    // Some share their instant, so that a page may end between them.
    occurredAt: `2026-11-20T10:00:${String((from + index) % 7).padStart(2, '0')}Z`,
    quantity: from + index,
  }));
}

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
  await stack.send(key, calls(1, EVENTS));
  await stack.apply('meters: [{ key: units, eventType: calls, aggregation: sum }]');
});
afterEach(() => stack.close());

async function count(bounds: Partial<CountBackRequest>, meter: UsageMeter = stack.meter): Promise<CountBackResult> {
  const snapshot = stack.catalogue.current();
  const units = snapshot.meters.get('units');
  if (units === undefined) throw new Error('the meter is not there');
  const { pool, catalogue, service } = stack;
  const announceCatalogue = (version: number) => advanceCatalogue(stack.meter, version);
  const request = { snapshot, meter: units, toMicros: 0, tenants: [...snapshot.tenants.values()], ...bounds };
  return countBack({ pool, catalogue, meter, clock: service.clock, announceCatalogue }, request);
}

async function accounts(): Promise<unknown> {
  await drainAll(stack.drainContext(0), { timeoutMs: 10_000 });
  const counters = await readCounters(stack.meter, 'acme', '2026-11-01T00:00:00Z');
  const { rows } = await stack.pool.query<{ sum: number }>(
    `select sum(quantity_sum)::float8 as sum from usage_hourly where meter = 'units'`,
  );
  return { counter: Number(counters.get('units')), rollups: rows[0]?.sum };
}

const sumTo = (last: number): number => (last * (last + 1)) / 2;

test('pages of any size count every event once, a request stops at its bound, and the next one goes on', async () => {
  const { next, ...first } = await count({ pageEventsMax: 3, pagesMax: 4 });
  expect(first).toEqual({ counted: 12, unreadable: 0 });
  if (next === null) throw new Error('the request did not stop');
  expect(await count({ pageEventsMax: 3, after: next })).toEqual({ counted: EVENTS - 12, unreadable: 0, next: null });
  expect(await accounts()).toEqual({ counter: sumTo(EVENTS), rollups: sumTo(EVENTS) });
});

test('what is taken meanwhile is counted once as well', async () => {
  const counted = count({ pageEventsMax: 5 });
  for (let start = EVENTS + 1; start <= 2 * EVENTS; start += 10) {
    const results = await stack.send(key, calls(start, 10));
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['accepted']));
  }
  expect((await counted).counted).toBe(EVENTS);
  expect(await accounts()).toEqual({ counter: sumTo(2 * EVENTS), rollups: sumTo(2 * EVENTS) });
});

test('a process that dies between ledger and counters leaves nothing that the next one does not mend', async () => {
  let reads = 0;
  const readTenantState: UsageMeter['ledger']['readTenantState'] = () => {
    reads += 1;
    throw new Error('killed');
  };
  const dying = { ...stack.meter, ledger: { ...stack.meter.ledger, readTenantState } };
  await expect(count({}, dying)).rejects.toThrow();
  expect(reads).toBe(1);
  const { rowCount } = await stack.pool.query('select from counted_back');
  expect(rowCount).toBe(EVENTS);
  expect(await count({})).toMatchObject({ counted: 0, next: null });
  await stack.send(key, calls(EVENTS + 1, 1));
  expect(await accounts()).toEqual({ counter: sumTo(EVENTS + 1), rollups: sumTo(EVENTS + 1) });
}, 60_000);
