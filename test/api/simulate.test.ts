import { afterAll, beforeAll, expect, test } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import { issueInvoice } from '../../src/invoice/issue-invoice.ts';
import { saveDraft } from '../../src/invoice/save-draft.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import type { RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleCharge, sampleMeter, samplePlan } from '../rating/sample-inputs.ts';
import { NOW, openApiBench, type ApiBench } from './api-bench.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call, dimensions: [region] }
plans:
  - key: basic
    currency: USD
    baseFee: 20.00
    charges:
      - { key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.10 } }
  - key: euro
    currency: EUR
tenants:
  - { id: acme, currency: USD, billingStart: 2026-09-01T00:00:00Z, plan: basic, taxRates: [{ name: VAT, percent: 10 }] }
  - { id: globex, currency: USD, billingStart: 2026-11-05T00:00:00Z, plan: basic }
  - { id: initech, currency: EUR, billingStart: 2026-09-01T00:00:00Z, plan: euro }
`;

/** What is tried out: the free calls, the bands, the sentence. */
const TRACE = `
plans:
  - key: basic
    currency: USD
    charges:
      - key: calls
        meter: calls
        price:
          model: graduated
          bands: [{ upTo: 1000000, unitPrice: 0 }, { unitPrice: 0.000003 }]
`;

const BY_REGION = `
plans:
  - key: regions
    currency: USD
    charges:
      - key: calls
        meter: calls
        price:
          model: matrix
          dimensions: [region]
          cells: [{ values: [eu], price: { model: per_unit, unitPrice: 2 } }]
          otherwise: { model: per_unit, unitPrice: 3 }
`;

let bench: ApiBench;
beforeAll(async () => {
  bench = await openApiBench();
  bench.setClock('2026-10-20T00:00:00Z');
  await bench.apply(YAML);
  const events = [
    { id: '1', quantity: 30, properties: { region: 'eu' } },
    { id: '2', quantity: 12, properties: { region: 'us' } },
  ].map((one) => ({ ...one, tenant: 'acme', type: 'calls', occurredAt: '2026-10-19T12:00:00Z' }));
  expect((await bench.call('POST', '/v1/events', { body: events })).status).toBe(200);
  await bench.drain();
  bench.setClock(NOW);
});
afterAll(() => bench.close());

function compare(more: object) {
  return bench.call('POST', '/v1/pricing/compare', { body: { catalogue: BY_REGION, ...more } });
}

function simulate(body: unknown, key?: string) {
  return bench.call('POST', '/v1/pricing/simulate', { body, ...(key !== undefined && { key }) });
}

test('usage that is given is billed line by line, with the arithmetic as a sentence', async () => {
  const { status, body } = await simulate({ catalogue: TRACE, usage: [{ charge: 'calls', quantity: '18059974' }] });
  expect([status, body.total, body.plan, body.tenant]).toEqual([
    200,
    '51.18',
    { key: 'basic', version: 2, name: 'basic', stored: false },
    null,
  ]);
  expect(body.lines.map((line: { amount: string; sentence: string }) => [line.amount, line.sentence])).toEqual([
    [
      '51.18',
      expect.stringMatching(/^1,000,000 × 0 = 0, then 17,059,974 × 0\.000003 = 51\.179922(, .*)?, rounded to 51\.18$/),
    ],
  ]);
});

test('a stored version and the taxes of a tenant: 20 + 5 × 0.10, and 10 % of it', async () => {
  const usage = [{ meter: 'calls', quantity: '5' }];
  const { body } = await simulate({ plan: 'basic@1', tenant: 'acme', usage });
  expect([body.subtotalMinor, body.taxMinor, body.total]).toEqual(['2050', '205', '22.55']);
});

test('a past period of a tenant by its own plan, and by one that reads parts of the usage', async () => {
  const own = await simulate({ plan: 'basic', tenant: 'acme', period: 'last' });
  expect([own.body.period.start, own.body.total, own.body.billed]).toEqual(['2026-10-01T00:00:00Z', '26.62', null]);
  const other = await simulate({ catalogue: BY_REGION, tenant: 'acme', period: '2026-10-01T00:00:00Z' });
  // 30 × 2 + 12 × 3 = 96, and 10 % tax.
  expect([other.status, other.body.total]).toEqual([200, '105.60']);
});

test('nothing is written: the plan that was tried is not in the catalogue', async () => {
  await simulate({ catalogue: BY_REGION, usage: [] });
  const { body } = await bench.call('GET', '/v1/catalogue');
  expect(body.plans.map(({ key, version }: { key: string; version: number }) => `${key}@${version}`)).toEqual([
    'basic@1',
    'euro@1',
  ]);
});

test.each([
  ['no plan at all', { usage: [] }, 400, 'invalid_body', 'plan'],
  ['a plan that is not there', { plan: 'gold', usage: [] }, 404, 'unknown_plan', undefined],
  ['a version that is not there', { plan: 'basic@7', usage: [] }, 404, 'unknown_plan', undefined],
  ['neither usage nor tenant', { plan: 'basic' }, 400, 'invalid_body', 'usage'],
  [
    'usage of another plan',
    { plan: 'basic', usage: [{ charge: 'x', quantity: '1' }] },
    422,
    'invalid_usage',
    'usage[0]',
  ],
  [
    'a whole where parts are priced',
    { catalogue: BY_REGION, usage: [{ charge: 'calls', quantity: '1' }] },
    422,
    'invalid_usage',
    'usage[0]',
  ],
  [
    'a quantity below zero',
    { plan: 'basic', usage: [{ charge: 'calls', quantity: '-1' }] },
    400,
    'invalid_body',
    'usage.0.quantity',
  ],
  ['a plan in another currency', { plan: 'euro', tenant: 'acme' }, 422, 'not_ratable', undefined],
  ['a period before the first', { plan: 'basic', tenant: 'globex', period: 'last' }, 404, 'unknown_period', undefined],
  [
    'a file that is wrong',
    { catalogue: 'plans: [{ key: x }]', usage: [] },
    422,
    'invalid_catalogue',
    'plans[0].currency',
  ],
])('%s is refused, and what is wrong is named', async (_name, asked, status, code, path) => {
  const answer = await simulate(asked);
  expect([answer.status, answer.body.error?.code, answer.body.error?.path]).toEqual([status, code, path]);
});

test('prices of all plans are not for a key that is bound to a tenant', async () => {
  const bound = await bench.makeKey(['read'], 'acme');
  expect((await simulate({ plan: 'basic', usage: [] }, bound)).status).toBe(403);
  expect((await simulate({ plan: 'basic', usage: [] }, await bench.makeKey(['read']))).status).toBe(200);
});

test('all tenants, page by page: what they were billed and what it would have been', async () => {
  const first = await compare({ limit: 2 });
  expect([first.status, first.body.tenants]).toEqual([200, 3]);
  expect(first.body.data).toMatchObject([
    { tenant: 'acme', invoice: null, billed: '26.62', wouldBe: '105.60', difference: '78.98', problems: [] },
    { tenant: 'globex', period: null, difference: null, problems: ['it has no such period'] },
  ]);
  const second = await compare({ limit: 2, cursor: first.body.nextCursor });
  expect(second.body.data).toMatchObject([{ tenant: 'initech', currency: 'EUR', wouldBe: null }]);
  expect(second.body.data[0].problems[0]).toContain('initech is billed in EUR');
  expect(second.body.nextCursor).toBeNull();
});

/** October of acme as it was billed: 42 calls, and 5.00 once. */
const RECORDED: RatingInputs = {
  identity: { tenant: 'acme', kind: 'cycle', occasion: '2026-10-01T00:00:00Z', revision: 0 },
  meters: [sampleMeter('calls')],
  tenant: {
    currency: 'USD',
    timeZone: 'UTC',
    buyer: { name: 'acme', addressLines: [], taxIds: [] },
    billTo: 'acme',
    taxRates: [{ name: 'VAT', percent: '10' }],
    paymentTermsDays: 30,
  },
  issuer: { name: 'Toll Ltd', addressLines: [], taxIds: [] },
  period: { start: '2026-10-01T00:00:00Z', end: '2026-11-01T00:00:00Z' },
  feePeriod: { start: '2026-10-01T00:00:00Z', end: '2026-11-01T00:00:00Z' },
  spans: [
    {
      from: '2026-10-01T00:00:00Z',
      to: '2026-11-01T00:00:00Z',
      planVersion: samplePlan({ charges: [sampleCharge('calls', { model: 'per_unit', unitPrice: '0.10' })] }),
      usage: [{ charge: 'calls', quantity: '42', eventCount: '2', ledgerRange: null }],
    },
  ],
  late: [],
  earlier: [],
  isLast: true,
  corrects: null,
  oneOffs: [{ id: 'one', description: 'Setup', amount: '5', at: '2026-10-05T00:00:00Z' }],
};

test('a period that was invoiced is rated from what its invoice was made of, with the plan exchanged', async () => {
  const rated = rateInvoice(RECORDED);
  if ('problems' in rated) throw new Error(rated.problems.join());
  const invoice = await inTransaction(bench.pool, async (client) => {
    const at = requireInstant(NOW);
    const draft = { identity: RECORDED.identity, inputs: RECORDED, content: rated.content, at };
    const { invoiceId } = await saveDraft(client, draft);
    await issueInvoice(client, { invoiceId, at, chainTip: 'tip' });
    return invoiceId;
  });
  const { status, body } = await simulate({ catalogue: BY_REGION, tenant: 'acme', period: 'last' });
  // 20 + 4.20 + 5 was billed; 30 × 2 + 12 × 3 + 5 would be; and 10 % tax.
  expect([status, body.billed]).toEqual([200, { invoice, totalMinor: '3212', total: '32.12' }]);
  expect(body.total).toBe('111.10');
  const { body: page } = await compare({ limit: 1 });
  expect(page.data[0]).toMatchObject({ invoice, billed: '32.12', wouldBe: '111.10', difference: '78.98' });
});
