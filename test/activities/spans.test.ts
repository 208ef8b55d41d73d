import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { createCycleActivities } from '../../activities/cycle-activities.ts';
import { createTenantActivities } from '../../activities/tenant-activities.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { openCycle } from '../../src/ledger/billing-cycles.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { billingDeps } from './billing-deps.ts';

const OCTOBER = '2026-10-01T00:00:00Z';
const NOVEMBER = '2026-11-01T00:00:00Z';
const CHANGE = '2026-10-15T10:30:00Z';
const BANDS = '{ model: graduated, bands: [{ upTo: 100, unitPrice: 1 }, { unitPrice: 0.5 }] }';

const YAML = `
issuer: { name: Toll Ltd }
meters: [{ key: calls, aggregation: sum, unit: call, dimensions: [region] }]
plans:
  - key: small
    currency: USD
    charges: [{ key: calls, meter: calls, price: ${BANDS} }]
  - key: large
    currency: USD
    onChange: carry_over
    charges: [{ key: calls, meter: calls, price: ${BANDS} }]
    limits: [{ meter: calls, mode: hard, dimension: region, limit: 120 }]
  - key: team
    currency: USD
    baseFee: 31
    charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 1 } }]
    fixedQuantities: [{ key: seats, description: Seats, unit: seat, price: { model: per_unit, unitPrice: 31 } }]
tenants:
  - { id: acme, currency: USD, billingStart: ${OCTOBER}, plan: small }
  - { id: seated, currency: USD, billingStart: ${OCTOBER}, plan: team, trialDays: 15, quantities: { seats: 2 } }
`;

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-10-30T00:00:00Z', yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

async function send(tenant: string, occurredAt: string, quantity: number): Promise<unknown> {
  const event = { id: `${tenant} ${occurredAt}`, tenant, type: 'calls', occurredAt, quantity };
  return (await stack.send(key, [event]))[0]?.outcome;
}

/** Runs one step as a worker would. */
async function run<Answer>(step: () => Promise<Answer>): Promise<Answer> {
  return new MockActivityEnvironment().run(step);
}

/** Runs the steps of a cycle as a worker would, and shows the lines of its invoice. */
async function bill(tenant: string, periodStart: string, now: string): Promise<readonly string[]> {
  const cycle = { tenant, periodStart, revision: 0 };
  stack.setClock(now);
  await openCycle(stack.pool, { ...cycle, workflowId: `close-cycle/${tenant}/${periodStart}` }, stack.service.clock());
  const steps = createCycleActivities(billingDeps(stack));
  await run(() => steps.sealPeriod(cycle));
  await run(() => steps.passBarrier(cycle));
  expect((await run(() => steps.reconcileUsage(cycle))).holdReasons).toEqual([]);
  const rated = await run(() => steps.rateCycle(cycle));
  if (rated.status !== 'rated') throw new Error(JSON.stringify(rated));
  await run(() => steps.issueCycle(cycle));
  const invoice = await readInvoice(stack.pool, rated.invoiceId);
  return (invoice?.content.lines ?? []).map(
    ({ key: line, quantity, amountMinor }) => `${line} ${quantity} ${amountMinor}`,
  );
}

test('a plan that carries over prices each unit where it stands, and late usage moves the units behind it', async () => {
  const activities = createTenantActivities(billingDeps(stack));
  expect(await send('acme', '2026-10-10T00:00:00Z', 90)).toBe('accepted');
  const order = { tenant: 'acme', plan: 'large', version: null, at: CHANGE, actor: 'ada', reason: '' };
  const commanded = { ...order, commandedAt: '2026-10-30T00:00:00Z' };
  expect(await activities.changePlan(commanded)).toMatchObject({ plan: { key: 'large' }, unchanged: false });
  expect(await activities.changePlan(commanded)).toMatchObject({ unchanged: true });
  await expect(activities.changePlan({ ...commanded, plan: 'huge' })).rejects.toMatchObject({ nonRetryable: true });

  // The new plan's limit is on a dimension that nothing was counted by before, and meets what the period has used.
  expect(await send('acme', '2026-10-20T00:00:00Z', 31)).toBe('limit_exceeded');
  expect(await send('acme', CHANGE, 10)).toBe('accepted');
  expect(await bill('acme', OCTOBER, '2026-11-02T00:00:00Z')).toEqual([
    `charge:calls:${OCTOBER} 90 9000`,
    `charge:calls:${CHANGE} 10 1000`,
  ]);

  // 10 more before the change: 100 at 1, and the 10 behind them at 0.5.
  expect(await send('acme', '2026-10-12T00:00:00Z', 10)).toBe('accepted');
  expect(await bill('acme', NOVEMBER, '2026-12-02T00:00:00Z')).toEqual([
    'charge:calls 0 0',
    `late:${OCTOBER}:calls:${OCTOBER} 10 1000`,
    `late:${OCTOBER}:calls:${CHANGE} 0 -500`,
  ]);
});

test('a trial is counted and costs nothing, and fees and seats begin when it ends', async () => {
  const trialEnd = '2026-10-16T00:00:00Z';
  expect(await send('seated', '2026-10-15T23:59:59.999999Z', 5)).toBe('accepted');
  expect(await send('seated', trialEnd, 3)).toBe('accepted');
  expect(await bill('seated', OCTOBER, '2026-11-02T00:00:00Z')).toEqual([
    `base:${trialEnd} 1 1600`,
    `quantity:seats:${trialEnd} 2 3200`,
    `charge:calls:${OCTOBER} 5 0`,
    `charge:calls:${trialEnd} 3 300`,
  ]);
});
