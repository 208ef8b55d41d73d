import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { gatherInputs } from '../../activities/gather-inputs.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import type { InvoiceLine } from '../../src/domain/invoice.ts';
import { insertApplication, readApplication } from '../../src/invoice/coupon-applications.ts';
import { derivedId } from '../../src/invoice/invoice-digests.ts';
import { moveCycle, openCycle } from '../../src/ledger/billing-cycles.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { closePeriod } from './close-period.ts';

const [OCTOBER, NOVEMBER, DECEMBER] = ['2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'];

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum }
  - { key: stored, aggregation: time_weighted, value: { property: size }, dimensions: [disk], unit: GB }
plans:
  - key: basic
    currency: USD
    charges: [{ key: calls, meter: calls, price: { model: package, size: 100, packagePrice: 1 } }]
  - key: disks
    currency: USD
    charges: [{ key: stored, meter: stored, conversion: { divide: 86400 }, price: { model: per_unit, unitPrice: 1 } }]
  - key: plain
    currency: USD
    charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 1 } }]
coupons:
  - { key: launch, name: Launch, discount: { percent: 10 }, charge: calls, periods: 1 }
  - { key: always, name: Always, discount: { percent: 50 }, charge: calls }
tenants:
  - { id: plain, currency: USD, billingStart: ${OCTOBER}, plan: plain }
  - { id: acme, currency: USD, billingStart: ${OCTOBER}, plan: basic }
  - { id: gauged, currency: USD, billingStart: 2026-08-01T00:00:00Z, plan: disks }
`;

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-10-30T00:00:00Z', yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

async function send(type: string, occurredAt: string, quantity: number, tenant = 'acme'): Promise<void> {
  const event = { id: `${type} ${occurredAt}`, tenant, type, occurredAt, quantity };
  expect((await stack.send(key, [event])).map(({ outcome }) => outcome)).toEqual(['accepted']);
}

async function linesOf(periodStart: string, now: string, tenant = 'acme'): Promise<readonly InvoiceLine[]> {
  stack.setClock(now);
  return (await closePeriod(stack, tenant, periodStart)).content.lines;
}

async function billGauge(periodStart: string, now: string): Promise<readonly string[]> {
  const lines = await linesOf(periodStart, now, 'gauged');
  return lines.map(({ key: name, amountMinor }) => `${name} ${amountMinor}`);
}

/** Sets a gauge. */
async function store(occurredAt: string, size: number, disk = 'one'): Promise<void> {
  const event = { id: `${disk} ${occurredAt} ${size}`, tenant: 'gauged', type: 'stored', occurredAt };
  const results = await stack.send(key, [{ ...event, properties: { size, disk } }]);
  expect(results.map(({ outcome }) => outcome)).toEqual(['accepted']);
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

test('a bill that is made again leaves out what came late and another invoice billed', async () => {
  await send('calls', '2026-10-10T00:00:00Z', 10, 'plain');
  const first = await linesOf(OCTOBER, NOVEMBER, 'plain');
  await send('calls', '2026-10-11T00:00:00Z', 5, 'plain');
  expect(await billPlain(NOVEMBER, DECEMBER)).toEqual(['usage 0', 'late_usage 500']);
  const identity = { tenant: 'plain', kind: 'cycle', occasion: OCTOBER, revision: 1 } as const;
  const gathered = await gatherInputs(stack.pool, { catalogue: await readCatalogue(stack.pool), identity, shard: 0 });
  if (!('inputs' in gathered)) throw new Error(JSON.stringify(gathered));
  expect(rateInvoice(gathered.inputs)).toMatchObject({ content: { lines: first } });
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

describe('a gauge that is set late by several periods', () => {
  const [AUGUST, SEPTEMBER] = ['2026-08-01T00:00:00Z', '2026-09-01T00:00:00Z'];

  beforeEach(() => stack.setClock('2026-08-02T00:00:00Z'));

  test('changes every period that was billed behind it, and the one that is open', async () => {
    await store('2026-08-01T00:00:00Z', 2);
    expect(await billGauge(AUGUST, SEPTEMBER)).toEqual(['charge:stored 6200']);
    expect(await billGauge(SEPTEMBER, OCTOBER)).toEqual(['charge:stored 6000']);
    stack.setClock('2026-10-02T00:00:00Z');
    await store('2026-08-31T00:00:00Z', 5);
    expect(await billGauge(OCTOBER, NOVEMBER)).toEqual([
      'charge:stored 15500',
      `late:${AUGUST}:stored 300`,
      `late:${SEPTEMBER}:stored 9000`,
    ]);
    // What is known now was billed: nothing of it comes again.
    expect(await billGauge(NOVEMBER, DECEMBER)).toEqual(['charge:stored 15000']);
  });

  test('changes none behind the event that sets it next, and other gauges not at all', async () => {
    await store('2026-08-01T00:00:00Z', 2);
    await store('2026-08-01T00:00:00Z', 1, 'other');
    await billGauge(AUGUST, SEPTEMBER);
    stack.setClock('2026-09-12T00:00:00Z');
    await store('2026-09-11T00:00:00Z', 3);
    expect(await billGauge(SEPTEMBER, OCTOBER)).toEqual(['charge:stored 11000']);
    stack.setClock('2026-10-02T00:00:00Z');
    await store('2026-08-31T00:00:00Z', 5);
    expect(await billGauge(OCTOBER, NOVEMBER)).toEqual([
      'charge:stored 12400',
      `late:${AUGUST}:stored 300`,
      `late:${SEPTEMBER}:stored 3000`,
    ]);
  });
});

async function billPlain(periodStart: string, now: string): Promise<readonly string[]> {
  const lines = await linesOf(periodStart, now, 'plain');
  return lines.map(({ kind, amountMinor }) => `${kind} ${amountMinor}`);
}

async function give(coupon: string, from: string): Promise<string> {
  const id = derivedId('cpn_', [coupon]);
  await insertApplication(stack.pool, { id, tenant: 'plain', coupon, from }, from);
  return id;
}

describe('coupons of a charge', () => {
  test('that were on the bill of a period are on its late usage, and are not used once more', async () => {
    const id = await give('launch', OCTOBER);
    await send('calls', '2026-10-10T00:00:00Z', 10, 'plain');
    expect(await billPlain(OCTOBER, NOVEMBER)).toEqual(['usage 1000', 'coupon -100']);
    await send('calls', '2026-10-11T00:00:00Z', 30, 'plain');
    expect(await billPlain(NOVEMBER, DECEMBER)).toEqual(['usage 0', 'late_usage 3000', 'coupon -300']);
    expect((await readApplication(stack.pool, 'plain', id))?.uses).toBe(1);
  });

  test('that hold only since are not on late usage of before', async () => {
    await give('always', NOVEMBER);
    await send('calls', '2026-10-10T00:00:00Z', 10, 'plain');
    expect(await billPlain(OCTOBER, NOVEMBER)).toEqual(['usage 1000']);
    await send('calls', '2026-10-11T00:00:00Z', 30, 'plain');
    expect(await billPlain(NOVEMBER, DECEMBER)).toEqual(['usage 0', 'late_usage 3000']);
  });

  test('that always hold are on late usage of a period that had none in time; of one for a period that waits for another', async () => {
    await give('always', OCTOBER);
    await give('launch', OCTOBER);
    expect(await billPlain(OCTOBER, NOVEMBER)).toEqual(['usage 0']);
    await send('calls', '2026-10-11T00:00:00Z', 30, 'plain');
    expect(await billPlain(NOVEMBER, DECEMBER)).toEqual(['usage 0', 'late_usage 3000', 'coupon -1500']);
  });
});
