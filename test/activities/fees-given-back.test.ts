import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { createCycleActivities } from '../../activities/cycle-activities.ts';
import { changePlan } from '../../src/catalog/change-plan.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { insertApplication } from '../../src/invoice/coupon-applications.ts';
import { derivedId } from '../../src/invoice/invoice-digests.ts';
import type { Invoice } from '../../src/invoice/invoice-record.ts';
import { moveInvoice } from '../../src/invoice/move-invoice.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { openCycle } from '../../src/ledger/billing-cycles.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { billingDeps } from './billing-deps.ts';
import { closePeriod } from './close-period.ts';

/** What a plan change gives back of fees that were paid ahead, behind coupons and behind invoices that do not stand. */

const JULY = '2026-07-01T00:00:00Z';
const AUGUST = '2026-08-01T00:00:00Z';

const CATALOGUE = `
issuer: { name: Toll Ltd }
plans:
  - key: team
    currency: USD
    baseFee: 365
    baseFeeEvery: year
    baseFeeDue: advance
    fixedQuantities: [{ key: seats, unit: seat, every: year, price: { model: per_unit, unitPrice: 73 } }]
  - key: seated
    currency: USD
    baseFee: 0
    fixedQuantities: [{ key: seats, unit: seat, every: year, price: { model: per_unit, unitPrice: 73 } }]
  - { key: flat, currency: USD, baseFee: 9 }
  - { key: ahead, currency: USD, baseFee: 310, baseFeeDue: advance }
  - { key: large, currency: USD, baseFee: 3650, baseFeeEvery: year, baseFeeDue: advance }
coupons:
  - { key: half, name: Half of the first bill, discount: { percent: 50 }, periods: 1 }
tenants:
  - { id: yearly, currency: USD, billingStart: ${JULY}, plan: team, quantities: { seats: 2 } }
  - { id: seated, currency: USD, billingStart: ${JULY}, plan: seated, quantities: { seats: 2 } }
  - { id: monthly, currency: USD, billingStart: ${JULY}, plan: ahead }
`;

let stack: IngestStack;
beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-09-20T10:30:15Z', yaml: CATALOGUE, shardCount: 1 });
  for (const tenant of ['yearly', 'monthly']) {
    const application = { id: derivedId('cpn_', [tenant]), tenant, coupon: 'half', from: JULY };
    await insertApplication(stack.pool, application, JULY);
  }
});
afterEach(() => stack.close());

const billed = ({ content }: Invoice) => content.lines.map(({ key, amountMinor }) => `${key} ${amountMinor}`);

function change(tenant: string, planKey: string, at: string) {
  const order = { tenant, planKey, at: requireInstant(at) };
  return inTransaction(stack.pool, (client) => changePlan(client, order, stack.service.clock()));
}

function makeVoid(invoiceId: string) {
  const move = { invoiceId, to: 'void', actor: 'ann', reason: 'wrong', at: stack.service.clock() } as const;
  return inTransaction(stack.pool, (client) => moveInvoice(client, move));
}

test('fees by the year are given back at what a coupon left of them', async () => {
  const july = await closePeriod(stack, 'yearly', JULY);
  expect(july.content.totalMinor).toBe('25550');
  await change('yearly', 'large', AUGUST);
  // 334 of 365 days are left.
  expect(billed(await closePeriod(stack, 'yearly', AUGUST))).toEqual([
    `base:year:${AUGUST} 365000`,
    `base:year:${JULY}:rest -16700`,
    `quantity:seats:year:${JULY}:rest -6680`,
  ]);
});

test('of fees whose invoice was made void, nothing is given back', async () => {
  await makeVoid((await closePeriod(stack, 'yearly', JULY)).id);
  await change('yearly', 'large', AUGUST);
  expect(billed(await closePeriod(stack, 'yearly', AUGUST))).toEqual([
    `base:year:${AUGUST} 365000`,
    `base:year:${JULY}:rest 0`,
    `quantity:seats:year:${JULY}:rest 0`,
    expect.stringMatching(/^coupon:.* -182500$/),
  ]);
});

test('a bill that gives something back waits until the one that charged it is decided', async () => {
  await change('seated', 'flat', AUGUST);
  const cycle = { tenant: 'seated', periodStart: AUGUST, revision: 0 };
  const steps = createCycleActivities(billingDeps(stack));
  for (const one of [{ ...cycle, periodStart: JULY }, cycle]) {
    await openCycle(stack.pool, { ...one, workflowId: 'close-cycle/seated' }, stack.service.clock());
    await new MockActivityEnvironment().run(() => steps.sealPeriod(one));
  }
  const answer = await new MockActivityEnvironment().run(() => steps.rateCycle(cycle));
  const reason = `the bill of ${JULY} is not decided: it may have charged a fee that is given back here`;
  expect(answer).toEqual({ status: 'notYet', reason });
});

test('a base fee of the next month is given back at what a coupon left of it', async () => {
  expect(billed(await closePeriod(stack, 'monthly', JULY))).toEqual([
    'base 31000',
    'base:advance 31000',
    expect.stringMatching(/^coupon:.* -31000$/),
  ]);
  await change('monthly', 'large', '2026-08-11T00:00:00Z');
  // Ten of 31 days are due, and 21 are given back.
  expect(billed(await closePeriod(stack, 'monthly', AUGUST))).toEqual([
    `base:${AUGUST} 10000`,
    'base:year:2026-08-11T00:00:00Z 365000',
    expect.stringMatching(/^billed:inv_[a-z0-9]+:base:advance -10000$/),
    expect.stringMatching(/^billed:inv_[a-z0-9]+:base:advance:rest -10500$/),
  ]);
});
