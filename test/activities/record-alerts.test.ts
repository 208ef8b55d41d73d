import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { CycleRef } from '../../activities/answers.ts';
import { createCycleActivities } from '../../activities/cycle-activities.ts';
import { createTenantActivities } from '../../activities/tenant-activities.ts';
import { openCycle } from '../../src/ledger/billing-cycles.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { billingDeps } from './billing-deps.ts';

const OCTOBER = '2026-10-01T00:00:00Z';
const NOVEMBER = '2026-11-01T00:00:00Z';
const IN_OCTOBER = '2026-10-25T10:00:00Z';
const IN_NOVEMBER = '2026-11-20T10:00:00Z';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
  - { key: users, eventType: calls, aggregation: unique, value: { property: user } }
plans:
  - key: basic
    currency: USD
    charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.10 } }]
    limits: [{ meter: calls, mode: soft, limit: 100 }]
    alerts: [{ meter: calls, shareOfLimit: 0.8 }, { meter: users, quantity: 2 }]
tenants:
  - { id: acme, currency: USD, billingStart: ${OCTOBER}, plan: basic }
`;

let stack: IngestStack;
let key: string;
const added: number[] = [];

beforeEach(async () => {
  added.splice(0);
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

function deps() {
  return billingDeps(stack, { onAlerts: (count) => added.push(count) });
}

/** Runs a step as a worker would. */
async function run<Answer>(step: () => Promise<Answer>): Promise<Answer> {
  return new MockActivityEnvironment().run(step);
}

async function send(id: string, quantity: number, occurredAt: string, user = 'ada'): Promise<void> {
  const [result] = await stack.send(key, [
    { id, tenant: 'acme', type: 'calls', quantity, occurredAt, properties: { user } },
  ]);
  expect(result?.outcome).toBe('accepted');
}

/** The rows, in the order in which they were found and then of their thresholds. */
async function rows(): Promise<string[]> {
  const found = await stack.pool.query<{ row: string }>(`
select concat_ws(' ', to_char(period_start at time zone 'UTC', 'YYYY-MM'), meter, threshold, threshold_quantity, quantity) as row
from alert order by at, period_start, meter, threshold`);
  return found.rows.map(({ row }) => row);
}

describe('alerts', () => {
  test('are recorded of usage that is not in the ledger yet, once, however often they are asked for', async () => {
    const tenant = createTenantActivities(deps());
    await send('a', 79, IN_NOVEMBER);
    expect(await run(() => tenant.recordAlerts({ tenant: 'acme', periodStart: NOVEMBER }))).toEqual({ alerts: [] });
    await send('b', 2, IN_NOVEMBER);
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => run(() => tenant.recordAlerts({ tenant: 'acme', periodStart: NOVEMBER }))),
    );
    const alert = { meter: 'calls', unit: 'call', threshold: 'limit:0.8', thresholdQuantity: '80' };
    expect(answers.map(({ alerts }) => alerts)).toEqual(
      Array.from({ length: 4 }, () => [{ ...alert, at: '2026-11-20T10:30:15Z' }]),
    );
    expect(await rows()).toEqual(['2026-11 calls limit:0.8 80 81']);
    expect(added.reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  test('whose signal was lost are found by the checkpoint, also those that no counter tells', async () => {
    const tenant = createTenantActivities(deps());
    await send('a', 100, IN_NOVEMBER, 'ada');
    await send('b', 1, IN_NOVEMBER, 'grace');
    const checkpoint = await run(() => tenant.flushCheckpoint({ tenant: 'acme', periodStart: NOVEMBER }));
    expect(checkpoint.alerts?.map(({ threshold }) => threshold).toSorted()).toEqual([
      'limit:0.8',
      'limit:1',
      'quantity:2',
    ]);
    expect(await rows()).toEqual([
      '2026-11 calls limit:0.8 80 101',
      '2026-11 calls limit:1 100 101',
      '2026-11 users quantity:2 2 2',
    ]);
  });

  test('that neither signal nor checkpoint has told are found at the close', async () => {
    const cycle: CycleRef = { tenant: 'acme', periodStart: OCTOBER, revision: 0 };
    await openCycle(stack.pool, { ...cycle, workflowId: 'close-cycle/acme' }, stack.service.clock());
    const steps = createCycleActivities(deps());
    await send('a', 80, IN_OCTOBER);
    await run(() => steps.sealPeriod(cycle));
    await run(() => steps.passBarrier(cycle));
    await run(() => steps.passBarrier(cycle));
    expect(await rows()).toEqual(['2026-10 calls limit:0.8 80 80']);
  });

  test('are those of the event period: late usage of a sealed one reaches none', async () => {
    const cycle: CycleRef = { tenant: 'acme', periodStart: OCTOBER, revision: 0 };
    await openCycle(stack.pool, { ...cycle, workflowId: 'close-cycle/acme' }, stack.service.clock());
    const tenant = createTenantActivities(deps());
    await run(() => createCycleActivities(deps()).sealPeriod(cycle));
    await send('late', 500, IN_OCTOBER);
    expect(stack.reached).toEqual([]);
    for (const periodStart of [OCTOBER, NOVEMBER]) {
      await run(() => tenant.recordAlerts({ tenant: 'acme', periodStart }));
    }
    expect(await rows()).toEqual([]);
  });

  test('come anew in each period, with the thresholds of the plan and the tenant limit that hold there', async () => {
    const tenant = createTenantActivities(deps());
    await send('a', 80, IN_NOVEMBER);
    await run(() => tenant.recordAlerts({ tenant: 'acme', periodStart: NOVEMBER }));
    const bigger = YAML.replace('limit: 100', 'limit: 200')
      .replace('key: basic', 'key: bigger')
      .replace('plan: basic', 'plan: bigger');
    await stack.apply(bigger);
    stack.setClock('2026-12-10T00:00:00Z');
    await send('b', 170, '2026-12-05T00:00:00Z');
    await run(() => tenant.recordAlerts({ tenant: 'acme', periodStart: '2026-12-01T00:00:00Z' }));
    // The late window of November is still open: its own plan says what its thresholds are.
    await send('c', 20, IN_NOVEMBER);
    await run(() => tenant.recordAlerts({ tenant: 'acme', periodStart: NOVEMBER }));
    expect(await rows()).toEqual([
      '2026-11 calls limit:0.8 80 80',
      '2026-11 calls limit:1 100 100',
      '2026-12 calls limit:0.8 160 170',
    ]);
  });

  test('of another limit within the same period are alerts of their own', async () => {
    const tenant = createTenantActivities(deps());
    await send('a', 80, IN_NOVEMBER);
    await run(() => tenant.recordAlerts({ tenant: 'acme', periodStart: NOVEMBER }));
    await stack.apply(
      YAML.replace('plan: basic }', 'plan: basic, limits: [{ meter: calls, mode: soft, limit: 150 }] }'),
    );
    await send('b', 39, IN_NOVEMBER);
    await run(() => tenant.recordAlerts({ tenant: 'acme', periodStart: NOVEMBER }));
    expect(await rows()).toHaveLength(1);
    await send('c', 1, IN_NOVEMBER);
    await run(() => tenant.recordAlerts({ tenant: 'acme', periodStart: NOVEMBER }));
    expect(await rows()).toEqual(['2026-11 calls limit:0.8 80 80', '2026-11 calls limit:0.8 120 120']);
  });
});
