import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { createCycleActivities } from '../../activities/cycle-activities.ts';
import type { AnchorOrder } from '../../src/catalog/plan-anchor-change.ts';
import { changeAnchor } from '../../src/catalog/change-anchor.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { openCycle } from '../../src/ledger/billing-cycles.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { advanceCatalogue } from '../../src/meter/advance-gate.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { billingDeps } from './billing-deps.ts';
import { closePeriod } from './close-period.ts';

const CHARGES = 'charges: [{ key: calls, meter: calls, includedUnits: 10, price: { model: per_unit, unitPrice: 1 } }]';

const YAML = `
issuer: { name: Toll Ltd }
meters: [{ key: calls, aggregation: sum, unit: call }]
plans:
  - { key: basic, currency: USD, baseFee: 31, maximum: 62, ${CHARGES} }
  - { key: ahead, currency: USD, baseFee: 31, baseFeeDue: advance }
  - { key: hourly, currency: USD, baseFee: 6, ${CHARGES} }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-11-17T00:00:00Z, plan: basic }
  - { id: early, currency: USD, billingStart: 2026-11-17T00:00:00Z, plan: ahead }
  - { id: short, currency: USD, billingStart: 2026-11-20T10:00:00Z, plan: hourly, periodLength: hour }
`;

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:20:00Z', yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

/** As the API does it, but for this process, which goes on with the catalogue that it has. */
async function change(order: AnchorOrder): Promise<void> {
  const changed = await inTransaction(stack.pool, (client) => changeAnchor(client, order, stack.service.clock()));
  await advanceCatalogue(stack.meter, changed.catalogueVersion);
}

/** Sends an event at its own time, or later. */
async function send(tenant: string, occurredAt: string, quantity: number, now = occurredAt): Promise<void> {
  stack.setClock(now);
  const event = { id: `${tenant} ${occurredAt}`, tenant, type: 'calls', occurredAt, quantity };
  expect((await stack.send(key, [event])).map(({ outcome }) => outcome)).toEqual(['accepted']);
}

async function bill(tenant: string, periodStart: string, now: string): Promise<readonly string[]> {
  stack.setClock(now);
  const { content } = await closePeriod(stack, tenant, periodStart);
  const lines = content.lines.map((line) => `${line.key} ${line.quantity} ${line.amountMinor}`);
  return [`${content.supplyStart} ${content.supplyEnd}`.replaceAll('T00:00:00Z', ''), ...lines];
}

test('a tenant that is billed on the first from now on has a bill for the days until then', async () => {
  await send('acme', '2026-11-20T10:20:00Z', 15);
  await change({ tenant: 'acme', anchor: '2027-01-01T00:00:00Z' });
  // A minute before the border, for the period behind it, by a process that may still have the calendar as it was.
  await send('acme', '2026-12-17T00:00:00Z', 12, '2026-12-16T23:59:00Z');
  await send('acme', '2026-12-31T23:59:59.999999Z', 8);
  await send('acme', '2027-01-01T00:00:00Z', 30);
  expect(await bill('acme', '2026-11-17T00:00:00Z', '2026-12-18T00:00:00Z')).toEqual([
    '2026-11-17 2026-12-17',
    'base 1 3100',
    'charge:calls 15 500',
  ]);
  // 15 of 31 days of the fee; the ten included units are whole.
  expect(await bill('acme', '2026-12-17T00:00:00Z', '2027-01-02T00:00:00Z')).toEqual([
    '2026-12-17 2027-01-01',
    'base 1 1500',
    'charge:calls 20 1000',
  ]);
  // Late for the days before, whose cap is 30: of 25 more, 20 are charged.
  await send('acme', '2026-12-20T00:00:00Z', 25, '2027-01-03T00:00:00Z');
  expect(await bill('acme', '2027-01-01T00:00:00Z', '2027-02-02T00:00:00Z')).toEqual([
    '2027-01-01 2027-02-01',
    'base 1 3100',
    'charge:calls 30 2000',
    'late:2026-12-17T00:00:00Z:calls 25 2500',
    'late:2026-12-17T00:00:00Z:basic.1:bounds 1 -500',
  ]);
});

test('a base fee in advance is billed ahead for the days of the shortened period', async () => {
  await change({ tenant: 'early', anchor: '2027-01-01T00:00:00Z' });
  const first = await bill('early', '2026-11-17T00:00:00Z', '2026-12-18T00:00:00Z');
  expect(first).toEqual(['2026-11-17 2026-12-17', 'base 1 3100', 'base:advance 1 1500']);
  const [, own, taken, next] = await bill('early', '2026-12-17T00:00:00Z', '2027-01-02T00:00:00Z');
  expect([own, taken?.split(' ').at(-1), next]).toEqual(['base 1 1500', '-1500', 'base:advance 1 3100']);
});

test('usage that was booked to where no period begins any more holds the bill', async () => {
  await change({ tenant: 'acme', anchor: '2026-12-17T00:00:00Z', length: 'year' });
  const cycle = { tenant: 'acme', periodStart: '2026-11-17T00:00:00Z', revision: 0 };
  await stack.pool.query(`
insert into usage_hourly (tenant, usage_period, accounting_period, meter, hour, event_count, quantity_sum, first_epoch, first_sequence,
  final_epoch, final_sequence)
values ('acme', '2026-12-03', '2026-12-03', 'calls', '2026-12-03', 1, 1, 1, 1, 1, 1)`);
  stack.setClock('2026-12-18T00:00:00Z');
  await openCycle(stack.pool, { ...cycle, workflowId: 'close-cycle/acme' }, stack.service.clock());
  const steps = createCycleActivities(billingDeps(stack));
  await new MockActivityEnvironment().run(async () => {
    await steps.sealPeriod(cycle);
    await steps.passBarrier(cycle);
    const { holdReasons } = await steps.reconcileUsage(cycle);
    expect(holdReasons).toEqual(['usage is booked to 2026-12-03T00:00:00Z, where no period begins: no bill has it']);
  });
});

test('hours that begin at another minute, and then are days', async () => {
  await change({ tenant: 'short', anchor: '2026-11-20T00:30:00Z' });
  const days = { tenant: 'short', anchor: '2026-11-20T13:00:00Z', length: 'day' } as const;
  await change({ ...days, from: requireInstant('2026-11-20T11:30:00Z') });
  await send('short', '2026-11-20T10:59:59Z', 11);
  await send('short', '2026-11-20T11:29:59Z', 12);
  await send('short', '2026-11-20T11:30:00Z', 13);
  await send('short', '2026-11-20T13:00:00Z', 14);
  const ten = (await bill('short', '2026-11-20T10:00:00Z', '2026-11-20T14:00:00Z')).slice(1);
  const eleven = (await bill('short', '2026-11-20T11:00:00Z', '2026-11-20T14:00:00Z')).slice(1);
  // An hour and a half of the day until 13:00.
  const half = (await bill('short', '2026-11-20T11:30:00Z', '2026-11-20T14:00:00Z')).slice(1);
  expect([ten, eleven, half]).toEqual([
    ['base 1 600', 'charge:calls 11 100'],
    ['base 1 300', 'charge:calls 12 200'],
    ['base 1 38', 'charge:calls 13 300'],
  ]);
  expect(await bill('short', '2026-11-20T13:00:00Z', '2026-11-21T14:00:00Z')).toEqual([
    '2026-11-20T13:00:00Z 2026-11-21T13:00:00Z',
    'base 1 600',
    'charge:calls 14 400',
  ]);
});
