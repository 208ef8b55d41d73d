import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { CycleActivities, CycleRef } from '../../activities/answers.ts';
import { createCycleActivities } from '../../activities/cycle-activities.ts';
import type { CatalogueSnapshot } from '../../src/catalog/catalogue-snapshot.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { drainUntil } from '../../src/journal/drain-until.ts';
import { openCycle, readCycleStage } from '../../src/ledger/billing-cycles.ts';
import { usageKey } from '../../src/meter/keys.ts';
import { readCounters } from '../../src/meter/read-counters.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { billingDeps, type ReplacedDeps } from './billing-deps.ts';

const OCTOBER = '2026-10-01T00:00:00Z';
const CYCLE: CycleRef = { tenant: 'acme', periodStart: OCTOBER, revision: 0 };

function catalogueOf(buyer: string): string {
  return `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - key: basic
    currency: USD
    baseFee: 1.00
    charges:
      - { key: calls, meter: calls, description: Calls, price: { model: per_unit, unitPrice: 0.10 } }
tenants:
  - { id: acme, currency: USD, billingStart: ${OCTOBER}, plan: basic, buyer: { name: ${buyer} } }
`;
}

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: catalogueOf('Acme'), shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
  await openCycle(stack.pool, { ...CYCLE, workflowId: 'close-cycle/acme' }, stack.service.clock());
});
afterEach(() => stack.close());

function cycleActivities(replaced: ReplacedDeps = {}): CycleActivities {
  return createCycleActivities(billingDeps(stack, replaced));
}

/** Runs one step as a worker would. */
async function run<Answer>(step: () => Promise<Answer>): Promise<Answer> {
  return new MockActivityEnvironment().run(step);
}

async function send(...ids: readonly string[]): Promise<void> {
  const results = await stack.send(
    key,
    ids.map((id) => ({ id, tenant: 'acme', type: 'calls', occurredAt: '2026-10-25T10:00:00Z' })),
  );
  expect(results.map(({ outcome }) => outcome)).toEqual(ids.map(() => 'accepted'));
}

describe('the steps of closing a cycle', () => {
  test('a Redis that is emptied between seal and barrier holds the bill, because it lost usage; and does not stop it', async () => {
    const steps = cycleActivities();
    await send('a', 'b');
    await drainUntil(stack.drainContext(0), { epoch: 1, sequence: 2 }, { timeoutMs: 10_000 });
    await send('lost');
    await run(() => steps.sealPeriod(CYCLE));
    await stack.redis.flushdb();
    await run(() => steps.passBarrier(CYCLE));
    const { holdReasons } = await run(() => steps.reconcileUsage(CYCLE));
    expect(holdReasons).toEqual([
      expect.stringContaining('1-3 to 1-3 were accepted before the seal and are not in the ledger'),
    ]);
    expect(await run(() => steps.rateCycle(CYCLE))).toMatchObject({ status: 'rated', holdReasons });
    const { rows } = await stack.pool.query(
      "select details from incident where kind = 'journal_loss' and tenant = 'acme'",
    );
    expect(rows).toEqual([{ details: { epoch: 1, firstSequence: 3, lastSequence: 3 } }]);
  });

  test('a Redis that is emptied after all was drained holds nothing', async () => {
    const steps = cycleActivities();
    await send('a', 'b');
    await drainUntil(stack.drainContext(0), { epoch: 1, sequence: 2 }, { timeoutMs: 10_000 });
    await run(() => steps.sealPeriod(CYCLE));
    await stack.redis.flushdb();
    await run(() => steps.passBarrier(CYCLE));
    expect((await run(() => steps.reconcileUsage(CYCLE))).holdReasons).toEqual([]);
  });

  test('a Redis that is emptied while the accounts are compared is compared again, and holds nothing', async () => {
    const { meter } = stack;
    let reads = 0;
    const steps = cycleActivities({
      readCounters: async (tenant, accountingStart) => {
        reads += 1;
        if (reads === 1) await stack.redis.flushdb();
        return readCounters(meter, tenant, accountingStart);
      },
    });
    await send('a', 'b');
    await run(() => steps.sealPeriod(CYCLE));
    await run(() => steps.passBarrier(CYCLE));
    const { holdReasons, repairs } = await run(() => steps.reconcileUsage(CYCLE));
    expect({ holdReasons, reads }).toEqual({ holdReasons: [], reads: 2 });
    expect(repairs).toHaveLength(1);
    expect((await stack.pool.query("select from incident where kind = 'drift'")).rowCount).toBe(0);
  });

  test('a step that is repeated late does not move a held cycle back', async () => {
    const steps = cycleActivities();
    await send('a');
    await run(() => steps.sealPeriod(CYCLE));
    await run(() => steps.passBarrier(CYCLE));
    await stack.redis.hincrby(usageKey(0, 'acme', OCTOBER), 'calls', 1);
    await run(() => steps.reconcileUsage(CYCLE));
    await run(() => steps.rateCycle(CYCLE));
    await run(() => steps.sealPeriod(CYCLE));
    expect(await readCycleStage(stack.pool, CYCLE)).toBe('held');
  });

  test('of very many differences the first are told, and how many more there are', async () => {
    const counters = new Map(Array.from({ length: 60 }, (_, index) => [`lost_${index}`, '1']));
    const steps = cycleActivities({ readCounters: async () => counters });
    await run(() => steps.sealPeriod(CYCLE));
    await run(() => steps.passBarrier(CYCLE));
    const { compared, holdReasons } = await run(() => steps.reconcileUsage(CYCLE));
    expect([compared, holdReasons.length, holdReasons.at(-1)]).toEqual([60, 51, 'and 10 more']);
  });

  test('an attempt at rating that was given up and wakes late changes nothing of the draft that was kept', async () => {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const slow = cycleActivities({
      readCatalogue: async (): Promise<CatalogueSnapshot> => {
        const catalogue = await readCatalogue(stack.pool);
        reached.resolve();
        await released.promise;
        return catalogue;
      },
    });
    const steps = cycleActivities();
    await run(() => steps.sealPeriod(CYCLE));
    await run(() => steps.passBarrier(CYCLE));
    await run(() => steps.reconcileUsage(CYCLE));
    const givenUp = run(() => slow.rateCycle(CYCLE));
    await reached.promise;
    await stack.apply(catalogueOf('Acme Holding'));
    const kept = await run(() => steps.rateCycle(CYCLE));
    released.resolve();
    expect(await givenUp).toEqual(kept);
    const invoice = kept.status === 'rated' ? await readInvoice(stack.pool, kept.invoiceId) : undefined;
    expect(invoice?.content.buyer.name).toBe('Acme Holding');
  });
});
