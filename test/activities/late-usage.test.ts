import { afterEach, beforeEach, expect, test } from 'vitest';

import type { InvoiceLine } from '../../src/domain/invoice.ts';
import { moveCycle, openCycle } from '../../src/ledger/billing-cycles.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { closePeriod } from './close-period.ts';

const [OCTOBER, NOVEMBER, DECEMBER] = ['2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'];

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum }
plans:
  - key: basic
    currency: USD
    charges: [{ key: calls, meter: calls, price: { model: package, size: 100, packagePrice: 1 } }]
tenants:
  - { id: acme, currency: USD, billingStart: ${OCTOBER}, plan: basic }
`;

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-10-30T00:00:00Z', yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

async function send(type: string, occurredAt: string, quantity: number): Promise<void> {
  const event = { id: `${type} ${occurredAt}`, tenant: 'acme', type, occurredAt, quantity };
  expect((await stack.send(key, [event])).map(({ outcome }) => outcome)).toEqual(['accepted']);
}

async function linesOf(periodStart: string, now: string): Promise<readonly InvoiceLine[]> {
  stack.setClock(now);
  return (await closePeriod(stack, 'acme', periodStart)).content.lines;
}

test('a late event that makes no difference is on a line of nothing, on the bill of the period that took it', async () => {
  await send('calls', '2026-10-10T00:00:00Z', 10);
  await linesOf(OCTOBER, NOVEMBER);
  await send('calls', '2026-10-11T00:00:00Z', 5);
  const [, late, ...others] = await linesOf(NOVEMBER, DECEMBER);
  expect(others).toEqual([]);
  expect(late).toMatchObject({
    key: `late:${OCTOBER}:calls`,
    quantity: '5',
    amountMinor: '0',
    provenance: { eventCount: '1', usagePeriodStart: OCTOBER, accountingPeriodStart: NOVEMBER },
  });
  expect(late?.provenance.ledgerRange).not.toBeNull();
});

test('late usage waits while any attempt at the invoice of its period is not decided', async () => {
  await send('calls', '2026-10-10T00:00:00Z', 10);
  await linesOf(OCTOBER, NOVEMBER);
  await send('calls', '2026-10-11T00:00:00Z', 100);
  const again = { tenant: 'acme', periodStart: OCTOBER, revision: 1, workflowId: 'again' };
  await openCycle(stack.pool, again, stack.service.clock());
  await expect(linesOf(NOVEMBER, DECEMBER)).rejects.toThrow(/notYet/);
  await moveCycle(stack.pool, again, 'settled', stack.service.clock());
  expect(await linesOf(NOVEMBER, DECEMBER)).toHaveLength(2);
});
