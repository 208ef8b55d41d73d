import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { CycleRef } from '../../activities/answers.ts';
import { createCycleActivities } from '../../activities/cycle-activities.ts';
import { countBack } from '../../src/api/count-back.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { takeEvents } from '../../src/ingest/take-events.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { openCycle } from '../../src/ledger/billing-cycles.ts';
import { sumUsage } from '../../src/ledger/sum-usage.ts';
import { advanceCatalogue } from '../../src/meter/advance-gate.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { ingestRequest } from '../support/ingest-request.ts';
import { billingDeps } from './billing-deps.ts';

const OCTOBER = '2026-10-01T00:00:00Z';
const CYCLE: CycleRef = { tenant: 'acme', periodStart: OCTOBER, revision: 0 };

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: credits, eventType: llm, aggregation: sum, value: { weights: { in: 1, out: 4.5 } }, scale: 1, unit: credit }
plans:
  - key: basic
    currency: USD
    charges: [{ key: credits, meter: credits, price: { model: per_unit, unitPrice: 0.10 } }]
tenants:
  - { id: acme, currency: USD, billingStart: ${OCTOBER}, plan: basic }
`;

const DOUBLED = `
meters:
  - key: credits
    from: 2026-10-15T00:00:00Z
    eventType: llm
    aggregation: sum
    value: { weights: { in: 2, out: 9 } }
    scale: 1
    unit: credit
  - { key: pages, eventType: page.view, aggregation: sum, value: { property: pages } }
`;

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-10-30T00:00:00Z', yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

async function send(type: string, occurredAt: string, properties: object): Promise<unknown> {
  const id = `${type} ${occurredAt}`;
  const answer = await takeEvents(
    { ...stack.service, unknownTypes: 'keep' },
    ingestRequest(key, [{ id, tenant: 'acme', type, occurredAt, properties }]),
  );
  return 'results' in answer.body ? answer.body.results[0]?.outcome : answer.body.error;
}

async function countPages(): Promise<unknown> {
  const { pool, catalogue, meter, service } = stack;
  const snapshot = catalogue.current();
  const pages = snapshot.meters.get('pages');
  if (pages === undefined) throw new Error('the meter is not there');
  const announceCatalogue = (version: number) => advanceCatalogue(meter, version);
  const request = { snapshot, meter: pages, toMicros: 0, tenants: [...snapshot.tenants.values()] };
  return countBack({ pool, catalogue, meter, clock: service.clock, announceCatalogue }, request);
}

/** Runs one step as a worker would. */
async function run<Answer>(step: () => Promise<Answer>): Promise<Answer> {
  return new MockActivityEnvironment().run(step);
}

test('weighted credits are billed by the version of their time, and what was counted back holds no bill', async () => {
  const outcomes = [
    await send('llm', '2026-10-10T00:00:00Z', { in: 10, out: 3 }),
    await send('page.view', '2026-10-11T00:00:00Z', { pages: 7 }),
  ];
  await stack.apply(DOUBLED);
  outcomes.push(
    await send('llm', '2026-10-12T00:00:00Z', { out: '0.2' }),
    await send('llm', '2026-10-20T00:00:00Z', { in: 1, out: 1 }),
    await send('page.view', '2026-10-20T00:00:00Z', { pages: 2 }),
  );
  expect(outcomes).toEqual(['accepted', 'unmetered', 'accepted', 'accepted', 'accepted']);
  expect(await countPages()).toEqual({ counted: 1, unreadable: 0, next: null });

  stack.setClock('2026-11-02T00:00:00Z');
  await openCycle(stack.pool, { ...CYCLE, workflowId: 'close-cycle/acme' }, stack.service.clock());
  const steps = createCycleActivities(billingDeps(stack, {}));
  await run(() => steps.sealPeriod(CYCLE));
  await run(() => steps.passBarrier(CYCLE));
  expect((await run(() => steps.reconcileUsage(CYCLE))).holdReasons).toEqual([]);
  const rated = await run(() => steps.rateCycle(CYCLE));
  const invoice = rated.status === 'rated' ? await readInvoice(stack.pool, rated.invoiceId) : undefined;
  // 10 + 3 × 4.5, 0.2 × 4.5, and doubled 1 + 4.5: 35.4 credits.
  expect(invoice?.content.lines.map((line) => [line.key, line.quantity, line.unit, line.amountMinor])).toContainEqual([
    'charge:credits',
    '35.4',
    'credit',
    '354',
  ]);
  const usage = await sumUsage(stack.pool, { tenant: 'acme', accountingPeriod: requireInstant(OCTOBER) });
  expect(usage.map(({ meter, quantity, eventCount }) => [meter, quantity, eventCount])).toEqual([
    ['credits', '35.4', '3'],
    ['pages', '9', '2'],
  ]);
});
