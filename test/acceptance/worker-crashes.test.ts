import { beforeAll, describe, expect, test, vi } from 'vitest';
import { CLOSE_CYCLE_STEPS } from '../../activities/close-cycle-steps.ts';
import { type InvoiceAnswer, applyCatalogue, callApi, eventually, issuedInvoices } from '../support/api-calls.ts';
import { simpleCatalogue } from '../support/simple-catalogue.ts';
import { type World, startWorld } from '../support/world.ts';

const RECOVERY_MS = 60_000;

/** Three worlds at once, started and stopped and crashed in between. */
vi.setConfig({ testTimeout: 180_000, maxConcurrency: 3 });

const JANUARY = { billingStart: '2026-01-01T00:00:00Z', endsAt: '2026-02-01T00:00:00Z', periodLength: 'month' };
const CATALOGUE = simpleCatalogue({ baseFee: '5.00', unitPrice: '0.015' }, [
  { id: 'crashed', ...JANUARY, taxPercent: 20 },
]);

/** 333 calls at 0.015 are 4.995, rounded to 5.00; with the base fee and 20 % tax 12.00. */
const TOTAL_MINOR = '1200';

async function openWorldWithUsage(): Promise<World> {
  const world = await startWorld();
  await applyCatalogue(world, CATALOGUE);
  const events = Array.from({ length: 333 }, (_, number) => ({
    id: `call-${number}`,
    tenant: 'crashed',
    type: 'calls',
    occurredAt: new Date(Date.UTC(2026, 0, 1 + (number % 31), 12)).toISOString(),
  }));
  const sent = await callApi<{ results: { outcome: string }[] }>(world, 'POST', '/v1/events', events);
  expect(new Set(sent.body.results.map(({ outcome }) => outcome))).toEqual(new Set(['accepted']));
  return world;
}

async function firstInvoice(world: World): Promise<InvoiceAnswer> {
  return eventually(async () => (await issuedInvoices(world, 'crashed'))[0], RECOVERY_MS, 'the invoice');
}

describe('a worker that is killed after the effect of a step and before its report', () => {
  let expectedDigest: string;

  beforeAll(async () => {
    const world = await openWorldWithUsage();
    await callApi(world, 'POST', '/v1/tenants/crashed/resume');
    const invoice = await firstInvoice(world);
    expect(invoice.content.totalMinor).toBe(TOTAL_MINOR);
    expectedDigest = invoice.contentDigest;
    await world.close();
  }, 120_000);

  // Each has a world of its own and spends most of its time waiting for processes: they run side by side.
  test.concurrent.each(CLOSE_CYCLE_STEPS)('%s: leaves one invoice, the same as without a crash', async (step) => {
    const world = await openWorldWithUsage();
    try {
      await world.worker.stop();
      await world.worker.start({ TOLLKEEPER_CRASH_AFTER: step });
      await callApi(world, 'POST', '/v1/tenants/crashed/resume');
      await world.worker.ended();
      await world.worker.start();
      const invoice = await firstInvoice(world);
      expect(invoice.contentDigest).toBe(expectedDigest);
      const list = await callApi<{ data: unknown[] }>(world, 'GET', '/v1/invoices?tenant=crashed');
      expect(list.body.data).toHaveLength(1);
      expect(invoice.number).toBe('INV-000001');
    } finally {
      await world.close();
    }
  });
});
