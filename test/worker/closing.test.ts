import { Client, Connection } from '@temporalio/client';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { tenantBillingId } from '../../src/domain/workflow-names.ts';
import { shardOf, usageKey } from '../../src/meter/keys.ts';
import { applyCatalogue, callApi, eventually, issuedInvoices } from '../support/api-calls.ts';
import { simpleCatalogue, type SimpleTenant } from '../support/simple-catalogue.ts';
import { startWorld, type World } from '../support/world.ts';

const TIMEOUT_MS = 60_000;
const HOUR_MS = 3_600_000;
const SHARDS = 2;
const START = '2026-01-01T00:00:00Z';
/** Calendars that are over: one month, and two. */
const ONE_MONTH = { billingStart: START, endsAt: '2026-02-01T00:00:00Z', periodLength: 'month' };
const TWO_MONTHS = { billingStart: START, endsAt: '2026-03-01T00:00:00Z', periodLength: 'month' };

function catalogue(tenant: string, calendar: Omit<SimpleTenant, 'id'>): string {
  return simpleCatalogue({ baseFee: '5.00', unitPrice: '0.10' }, [{ id: tenant, ...calendar }]);
}

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 120_000);
afterAll(() => world.close());

async function send(tenant: string, count: number, occurredAt: string, apiKey = world.adminKey): Promise<void> {
  const events = Array.from({ length: count }, (_, number) => ({
    id: `${occurredAt}-${number}`,
    tenant,
    type: 'calls',
    occurredAt,
  }));
  const sent = await callApi<{ results: { outcome: string }[] }>(
    { apiUrl: world.apiUrl, adminKey: apiKey },
    'POST',
    '/v1/events',
    events,
  );
  expect(new Set(sent.body.results.map(({ outcome }) => outcome))).toEqual(new Set(['accepted']));
}

async function invoicesOf(tenant: string, count: number) {
  return eventually(
    async () => {
      const issued = (await issuedInvoices(world, tenant)).filter(({ number }) => number !== null);
      return issued.length === count ? issued : undefined;
    },
    TIMEOUT_MS,
    `${count} invoices of ${tenant}`,
  );
}

async function cycleIn(tenant: string, stage: string): Promise<{ periodStart: string }> {
  return eventually(
    async () => {
      type Cycles = { data: { stage: string; periodStart: string }[] };
      const cycles = await callApi<Cycles>(world, 'GET', `/v1/tenants/${tenant}/cycles`);
      return cycles.body.data.find((cycle) => cycle.stage === stage);
    },
    TIMEOUT_MS,
    `a cycle that is ${stage}`,
  );
}

function instant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

async function onRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(world.redis.redisUrl);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

test(
  'a paused tenant keeps metering, and its due periods close in order once it is resumed',
  { timeout: 120_000 },
  async () => {
    await applyCatalogue(world, catalogue('patient', TWO_MONTHS));
    await send('patient', 10, '2026-01-10T00:00:00Z');
    await send('patient', 20, '2026-02-10T00:00:00Z');
    await callApi(world, 'POST', '/v1/tenants/patient/resume');
    const invoices = await invoicesOf('patient', 2);
    expect(invoices.map(({ content }) => content.totalMinor)).toEqual(['600', '700']);
    expect(invoices.map(({ number }) => number)).toEqual(['INV-000001', 'INV-000002']);
  },
);

test(
  'a counter that was changed behind the engine holds the invoice until a person approves it',
  { timeout: 120_000 },
  async () => {
    await applyCatalogue(world, catalogue('drifting', ONE_MONTH));
    await send('drifting', 10, '2026-01-10T00:00:00Z');
    const key = usageKey(shardOf('drifting', SHARDS), 'drifting', '2026-01-01T00:00:00Z');
    await onRedis((redis) => redis.hincrby(key, 'calls', 5));
    await callApi(world, 'POST', '/v1/tenants/drifting/resume');
    const { periodStart } = await cycleIn('drifting', 'held');
    const held = await callApi<{ data: { incidents: { kind: string; details: unknown }[] }[] }>(
      world,
      'GET',
      '/v1/tenants/drifting/cycles',
    );
    const [incident] = held.body.data[0]?.incidents ?? [];
    expect(incident?.kind).toBe('drift');
    expect(incident?.details).toMatchObject({ drift: [{ meter: 'calls', counter: '15', rollups: '10', raw: '10' }] });
    const approval = await callApi(world, 'POST', `/v1/cycles/drifting/${periodStart}/approve`, {
      reason: 'the ledger is right',
    });
    expect(approval.status).toBe(200);
    const [invoice] = await invoicesOf('drifting', 1);
    expect(invoice?.content.totalMinor).toBe('600');
  },
);

test('counters that were lost with all of Redis are rebuilt and hold nothing', { timeout: 120_000 }, async () => {
  await applyCatalogue(world, catalogue('emptied', ONE_MONTH));
  await send('emptied', 10, '2026-01-10T00:00:00Z');
  await callApi(world, 'POST', '/v1/tenants/emptied/flush-now');
  await onRedis((redis) => redis.flushall());
  await callApi(world, 'POST', '/v1/tenants/emptied/resume');
  const [invoice] = await invoicesOf('emptied', 1);
  expect(invoice?.content.totalMinor).toBe('600');
});

test(
  'usage that comes after its period was sealed is billed on the next invoice, as the difference it makes',
  { timeout: 120_000 },
  async () => {
    const start = Date.now() - 2 * HOUR_MS;
    const calendar = {
      billingStart: instant(start),
      endsAt: instant(start + 2 * HOUR_MS + 25_000),
      periodLength: 'hour',
    };
    await applyCatalogue(world, catalogue('tardy', calendar));
    await send('tardy', 10, instant(start + 60_000));
    await callApi(world, 'POST', '/v1/tenants/tardy/resume');
    const [first] = await invoicesOf('tardy', 2);
    expect(first?.content.totalMinor).toBe('600');
    const key = await callApi<{ secret: string }>(world, 'POST', '/v1/keys', { name: 'app', scopes: ['ingest'] });
    await send('tardy', 3, instant(start + 120_000), key.body.secret);
    const invoices = await invoicesOf('tardy', 3);
    const last = invoices.at(-1)?.content;
    const late = last?.lines.find((line) => line.key.startsWith('late:'));
    expect(late?.amountMinor).toBe('30');
    // The last period is 25 seconds of an hour, and pays its part of the fee of 5.00.
    expect(last?.totalMinor).toBe('33');
  },
);

/** The state table as the Temporal UI shows it. */
async function detailsOf(workflowId: string): Promise<string> {
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  try {
    const { workflow } = new Client({ connection, namespace: world.namespace });
    const metadata = await workflow
      .getHandle(workflowId)
      .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    return (metadata.currentDetails ?? '').replaceAll('\u2003', '');
  } finally {
    await connection.close();
  }
}

test(
  'the Temporal UI shows an open tenant with its plan, usage, spend and checkpoint',
  { timeout: 60_000 },
  async () => {
    const day = instant(Date.now()).slice(0, 10);
    await applyCatalogue(world, catalogue('visible', { billingStart: `${day}T00:00:00Z`, periodLength: 'month' }));
    await callApi(world, 'POST', '/v1/tenants/visible/resume');
    await send('visible', 25, `${day}T00:00:01Z`);
    const checkpoint = await callApi<{ spend: string }>(world, 'POST', '/v1/tenants/visible/flush-now');
    expect(checkpoint.body).toMatchObject({
      usage: [{ meter: 'calls', quantity: '25', unit: 'call' }],
      spend: '7.50 USD',
    });
    const details = await detailsOf(tenantBillingId('visible'));
    expect(details).toContain('| Plan | Simple (simple version 1) |');
    expect(details).toContain('| Spend so far | 7.50 USD |');
    expect(details).toContain('| calls | 25 | call |');
    expect(details).toMatch(/\| Last checkpoint \| \d{4}-\d{2}-\d{2} /);
  },
);
