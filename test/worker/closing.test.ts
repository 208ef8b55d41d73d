import { afterAll, beforeAll, expect, test } from 'vitest';

import { applyCatalogue, callApi, eventually, issuedInvoices } from '../support/api-calls.ts';
import { startWorld, type World } from '../support/world.ts';

const TIMEOUT_MS = 60_000;

/** One month that is over, paused, so that a test decides when it is closed. */
function catalogue(tenant: string, extra = ''): string {
  return `
issuer: { name: Tollkeeper Test Ltd, addressLines: [] }
meters:
  - { key: calls, aggregation: sum, value: quantity, unit: call }
plans:
  - key: simple
    name: Simple
    currency: USD
    baseFee: 5.00
    charges:
      - { key: calls, meter: calls, description: Calls, price: { model: per_unit, unitPrice: 0.10 } }
tenants:
  - id: ${tenant}
    name: ${tenant}
    currency: USD
    timeZone: UTC
    billingStart: 2026-01-01T00:00:00Z
    endsAt: 2026-03-01T00:00:00Z
    periodLength: month
    lateWindow: 0s
    paymentTermsDays: 30
    plan: simple
    paused: true
    buyer: { name: ${tenant}, addressLines: [] }
${extra}`;
}

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 120_000);
afterAll(() => world.close());

async function send(tenant: string, count: number, occurredAt: string): Promise<void> {
  const events = Array.from({ length: count }, (_, number) => ({
    id: `${occurredAt}-${number}`,
    tenant,
    type: 'calls',
    occurredAt,
  }));
  const sent = await callApi<{ results: { outcome: string }[] }>(world, 'POST', '/v1/events', events);
  expect(new Set(sent.body.results.map(({ outcome }) => outcome))).toEqual(new Set(['accepted']));
}

test('a paused tenant keeps metering, and its due periods close in order once it is resumed', { timeout: 120_000 }, async () => {
  await applyCatalogue(world, catalogue('patient'));
  await send('patient', 10, '2026-01-10T00:00:00Z');
  await send('patient', 20, '2026-02-10T00:00:00Z');
  await callApi(world, 'POST', '/v1/tenants/patient/resume');
  const invoices = await eventually(
    async () => {
      const issued = await issuedInvoices(world, 'patient');
      return issued.length === 2 ? issued : undefined;
    },
    TIMEOUT_MS,
    'both invoices',
  );
  expect(invoices.map(({ content }) => content.totalMinor)).toEqual(['600', '700']);
  expect(invoices.map(({ number }) => number)).toEqual(['INV-000001', 'INV-000002']);
});
