import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import * as messages from '../../workflows/messages.ts';
import { applyCatalogue, callApi, eventually } from '../support/api-calls.ts';
import { readMetrics } from '../support/metrics-text.ts';
import { startWorld, type World } from '../support/world.ts';

const WAIT_MS = 60_000;
const CATALOGUE = `
issuer: { name: Toll Ltd }
meters: [{ key: calls, aggregation: sum, unit: call }]
plans:
  - key: basic
    currency: USD
    charges: []
    limits: [{ meter: calls, mode: soft, limit: 100 }]
    alerts: [{ meter: calls, shareOfLimit: 0.8 }]
tenants:
  - { id: acme, currency: USD, periodLength: year, plan: basic }
  - { id: globex, currency: USD, periodLength: year, plan: basic }`;

let world: World;
let temporal: Client;

beforeAll(async () => {
  world = await startWorld();
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  temporal = new Client({ connection, namespace: world.namespace });
  await applyCatalogue(world, CATALOGUE);
}, 120_000);

afterAll(async () => {
  await temporal.connection.close();
  await world.close();
});

let number = 0;

async function send(tenant: string, quantity: number): Promise<readonly unknown[]> {
  number += 1;
  const event = { id: `e${number}`, tenant, type: 'calls', quantity, occurredAt: new Date().toISOString() };
  const { body } = await callApi<{ results: { outcome: string; limits: unknown[] }[] }>(
    world,
    'POST',
    '/v1/events',
    event,
  );
  expect(body.results[0]?.outcome).toBe('accepted');
  return body.results[0]?.limits ?? [];
}

interface Alert {
  readonly threshold: string;
  readonly quantity: string;
}

async function alerts(tenant: string): Promise<string[]> {
  const { body } = await callApi<{ data: readonly Alert[] }>(world, 'GET', `/v1/tenants/${tenant}/alerts`);
  return body.data.map(({ threshold, quantity }) => `${threshold} at ${quantity}`).toSorted();
}

async function signals(result: 'sent' | 'failed'): Promise<number> {
  const metrics = readMetrics(await (await fetch(`${world.apiUrl}/metrics`)).text());
  return metrics.value(`tollkeeper_threshold_signals_total{result="${result}"}`);
}

async function alertsWritten(): Promise<number> {
  const url = /http:\S+\/metrics/.exec(world.worker.output())?.[0] ?? '';
  return readMetrics(await (await fetch(url)).text()).value('tollkeeper_alerts_total');
}

async function untilAlerts(tenant: string, count: number): Promise<string[]> {
  return eventually(
    async () => {
      const found = await alerts(tenant);
      return found.length < count ? undefined : found;
    },
    WAIT_MS,
    `${count} alerts of ${tenant}`,
  );
}

test(
  'an event that reaches a threshold becomes an alert at once, in the list and in the state table',
  { timeout: 120_000 },
  async () => {
    const billing = temporal.workflow.getHandle(messages.tenantBillingId('acme'));
    await eventually(
      async () => ((await billing.query(messages.tenantBillingState)).stage === 'open' ? true : undefined),
      WAIT_MS,
      'the open period',
    );
    await send('acme', 79);
    expect(await alerts('acme')).toEqual([]);
    await send('acme', 1);
    expect(await untilAlerts('acme', 1)).toEqual(['limit:0.8 at 80']);
    const limits = await send('acme', 30);
    expect(limits).toEqual([expect.objectContaining({ used: '110', limit: '100', remaining: '0', exceeded: true })]);
    expect(await untilAlerts('acme', 2)).toEqual(['limit:0.8 at 80', 'limit:1 at 110']);
    const shown = await eventually(
      async () => {
        const state = await billing.query(messages.tenantBillingState);
        return state.alerts.length === 2 ? state.alerts : undefined;
      },
      WAIT_MS,
      'the alerts in the state',
    );
    expect(shown.map(({ threshold }) => threshold).toSorted()).toEqual(['limit:0.8', 'limit:1']);
    expect(await signals('sent')).toBe(2);
    expect(await alertsWritten()).toBe(2);
  },
);

test('a signal that Temporal never got is made up for by the next checkpoint', { timeout: 120_000 }, async () => {
  await world.api.stop();
  await world.api.start({ TEMPORAL_ADDRESS: '127.0.0.1:1' });
  await send('globex', 100);
  await eventually(async () => ((await signals('failed')) > 0 ? true : undefined), WAIT_MS, 'the failed signal');
  expect(await alerts('globex')).toEqual([]);
  await world.api.stop();
  await world.api.start();
  expect((await callApi(world, 'POST', '/v1/tenants/globex/flush-now')).status).toBe(200);
  expect(await alerts('globex')).toEqual(['limit:0.8 at 100', 'limit:1 at 100']);
});
