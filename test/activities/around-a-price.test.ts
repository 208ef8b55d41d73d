import { afterEach, beforeEach, expect, test } from 'vitest';

import { formatInstant } from '../../src/domain/instant.ts';
import type { InvoiceContent } from '../../src/domain/invoice.ts';
import { insertApplication, readApplication } from '../../src/invoice/coupon-applications.ts';
import { insertGrant, listCredits } from '../../src/invoice/credit-grants.ts';
import { derivedId } from '../../src/invoice/invoice-digests.ts';
import { insertOneOff, listOneOffs } from '../../src/invoice/one-off-charges.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { closePeriod } from './close-period.ts';

const MONTHS = ['2026-08-01T00:00:00Z', '2026-09-01T00:00:00Z', '2026-10-01T00:00:00Z'] as const;
const [AUGUST, SEPTEMBER, OCTOBER] = MONTHS;

const CATALOGUE = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - key: basic
    currency: USD
    baseFee: 100.00
    maximum: 5
    charges:
      - { key: calls, meter: calls, description: Calls, price: { model: per_unit, unitPrice: 1 } }
  - { key: ahead, currency: USD, baseFee: 30.00, baseFeeDue: advance }
coupons:
  - { key: launch, name: Launch offer, discount: { percent: 10 }, periods: 2 }
tenants:
  - id: acme
    currency: USD
    billingStart: ${AUGUST}
    plan: basic
    taxRates: [{ name: VAT, percent: 20 }]
  - { id: early, currency: USD, billingStart: ${AUGUST}, endsAt: 2026-11-01T00:00:00Z, plan: ahead }
`;

let stack: IngestStack;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: CATALOGUE, shardCount: 1 });
});
afterEach(() => stack.close());

async function close(tenant: string, periodStart: string): Promise<InvoiceContent> {
  return (await closePeriod(stack, tenant, periodStart)).content;
}

const amounts = ({ lines }: InvoiceContent): (readonly [string, string])[] =>
  lines.map(({ kind, amountMinor }) => [kind, amountMinor] as const);

test('a tenant with a cap, a charge made once, a coupon for two bills and prepaid credit is billed for three months', async () => {
  const { pool } = stack;
  const key = await stack.createKey('write', ['ingest']);
  const event = { tenant: 'acme', type: 'calls', occurredAt: '2026-10-25T10:00:00Z', quantity: 7 };
  expect((await stack.send(key, [{ ...event, id: 'a' }])).map(({ outcome }) => outcome)).toEqual(['accepted']);
  const at = formatInstant(stack.service.clock());
  const coupon = { id: derivedId('cpn_', ['launch']), tenant: 'acme', coupon: 'launch', from: AUGUST };
  await insertApplication(pool, coupon, at);
  const setup = { id: derivedId('one_', ['setup']), tenant: 'acme', key: 'setup', description: 'Setup', amount: '50' };
  await insertOneOff(pool, { ...setup, at: '2026-08-31T23:59:59Z' }, at);
  await insertGrant(pool, {
    id: derivedId('crd_', ['prepaid']),
    tenant: 'acme',
    kind: 'granted',
    amountMinor: '20000',
    currency: 'USD',
    priority: 0,
    expiresAt: null,
    reason: 'prepaid',
    sourceInvoice: null,
    grantedAt: at,
  });

  const august = await close('acme', AUGUST);
  expect(amounts(august)).toEqual([
    ['base_fee', '10000'],
    ['usage', '0'],
    ['one_off', '5000'],
    ['coupon', '-1500'],
  ]);
  expect(august).toMatchObject({ taxMinor: '2700', totalMinor: '16200', dueMinor: '0' });
  const september = await close('acme', SEPTEMBER);
  expect(september).toMatchObject({ subtotalMinor: '9000', totalMinor: '10800', dueMinor: '7000' });
  const october = await close('acme', OCTOBER);
  expect(amounts(october)).toEqual([
    ['base_fee', '10000'],
    ['usage', '700'],
    ['maximum', '-200'],
  ]);
  expect(october).toMatchObject({ totalMinor: '12600', creditLines: [], dueMinor: '12600' });

  const [credit] = await listCredits(pool, { tenant: 'acme', after: null, limit: 10 });
  expect(credit).toMatchObject({ balanceMinor: '0', claimedMinor: '0' });
  expect((await readApplication(pool, 'acme', coupon.id))?.uses).toBe(2);
  const [charge] = await listOneOffs(pool, { tenant: 'acme', after: null, limit: 10 });
  expect(charge?.invoiceId).toMatch(/^inv_/);
});

test('base fees in advance: two on the first bill, one on each that follows, none on the last', async () => {
  expect(amounts(await close('early', AUGUST))).toEqual([
    ['base_fee', '3000'],
    ['base_fee', '3000'],
  ]);
  expect(amounts(await close('early', SEPTEMBER))).toEqual([
    ['base_fee', '3000'],
    ['already_billed', '-3000'],
    ['base_fee', '3000'],
  ]);
  expect((await close('early', OCTOBER)).totalMinor).toBe('0');
});

test('usage that comes late to a month whose cap was reached is not charged', async () => {
  const key = await stack.createKey('write', ['ingest']);
  const event = { tenant: 'acme', type: 'calls', quantity: 4 };
  const send = async (id: string, occurredAt: string): Promise<void> => {
    const results = await stack.send(key, [{ ...event, id, occurredAt }]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['accepted']);
  };
  await close('acme', AUGUST);
  await close('acme', SEPTEMBER);
  await send('a', '2026-10-25T10:00:00Z');
  await close('acme', OCTOBER);
  await send('late', '2026-10-26T10:00:00Z');
  stack.setClock('2026-12-02T00:00:00Z');
  const november = await close('acme', '2026-11-01T00:00:00Z');
  expect(amounts(november)).toEqual([
    ['base_fee', '10000'],
    ['usage', '0'],
    ['late_usage', '400'],
    ['late_usage', '-300'],
  ]);
});
