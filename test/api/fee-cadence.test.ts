import { afterAll, beforeAll, expect, test } from 'vitest';

import { gatherInputs } from '../../activities/gather-inputs.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { issueInvoice } from '../../src/invoice/issue-invoice.ts';
import { saveDraft } from '../../src/invoice/save-draft.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { NOW, openApiBench, type ApiBench } from './api-bench.ts';

/** It is 20 November 2026, 10:30. */
const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - { key: yearly, currency: USD, baseFee: 1200.00, baseFeeEvery: year, baseFeeDue: advance }
  - { key: monthly, currency: USD, baseFee: 100.00 }
tenants:
  - { id: renewed, currency: USD, billingStart: 2025-11-10T00:00:00Z, plan: yearly }
  - { id: underway, currency: USD, billingStart: 2026-06-01T00:00:00Z, plan: yearly }
  - { id: other, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: monthly }
`;

let bench: ApiBench;
beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(YAML);
});
afterAll(() => bench.close());

test('the spend of a month has all of a yearly fee where the year begins in it, and else nothing', async () => {
  const [renewed, underway] = await Promise.all(
    ['renewed', 'underway'].map((tenant) => bench.call('GET', `/v1/tenants/${tenant}/spend`)),
  );
  expect([renewed?.body.total, renewed?.body.projection.total]).toEqual(['1200.00', '1200.00']);
  expect([underway?.body.total, underway?.body.projection.total]).toEqual(['0.00', '0.00']);
});

function preview(at: string) {
  const body = { plan: 'monthly', at, reason: 'asked' };
  return bench.call('POST', '/v1/tenants/underway/plan?dryRun=true', { body });
}

test('a change of plan is foreseen with what is given back of the year, also where it is the start of the month', async () => {
  // 10 of 30 days of 100, less 192 of 365 days of 1,200.
  expect((await preview('2026-11-21T00:00:00Z')).body.preview.thisPeriod).toEqual({ before: '0.00', after: '-597.90' });
  // All of November, less 212 of 365 days.
  expect((await preview('2026-11-01T00:00:00Z')).body.preview.thisPeriod).toEqual({ before: '0.00', after: '-596.99' });
});

test('all tenants are compared as if they had the plan since they began', async () => {
  const { body } = await bench.call('POST', '/v1/pricing/compare', { body: { plan: 'yearly', period: 'last' } });
  expect(body.data).toMatchObject([
    { tenant: 'other', billed: '100.00', wouldBe: '1200.00' },
    { tenant: 'renewed', billed: '0.00', wouldBe: '0.00' },
    { tenant: 'underway', billed: '0.00', wouldBe: '0.00' },
  ]);
});

test('a billed month is rated by another plan without what was given back of the plan before', async () => {
  const OCTOBER = '2026-10-01T00:00:00Z';
  const change = { plan: 'monthly', at: OCTOBER, reason: 'left' };
  expect((await bench.call('POST', '/v1/tenants/underway/plan', { body: change })).status).toBe(200);
  await inTransaction(bench.pool, async (client) => {
    const identity = { tenant: 'underway', kind: 'cycle', occasion: OCTOBER, revision: 0 } as const;
    const gathered = await gatherInputs(client, { catalogue: await readCatalogue(client), identity, shard: 0 });
    const rated = 'inputs' in gathered ? rateInvoice(gathered.inputs) : undefined;
    if (!('inputs' in gathered) || rated === undefined || 'problems' in rated) throw new Error('October is not rated');
    const at = requireInstant(NOW);
    const { invoiceId } = await saveDraft(client, { identity, inputs: gathered.inputs, content: rated.content, at });
    await issueInvoice(client, { invoiceId, at, chainTip: 'tip' });
  });
  const body = { plan: 'monthly', tenant: 'underway', period: 'last' };
  const simulated = await bench.call('POST', '/v1/pricing/simulate', { body });
  // 100 less 243 of 365 days of 1,200 was billed.
  expect([simulated.body.billed.total, simulated.body.total]).toEqual(['-698.90', '100.00']);
});

test('a plan whose bounds would cover a yearly fee is refused, with its place and the cure', async () => {
  const plan =
    '{ key: covered, currency: USD, baseFee: 1, baseFeeEvery: year, minimum: 5, boundsCover: charges_and_base_fee }';
  const headers = { 'content-type': 'application/yaml' };
  const { status, body } = await bench.call('POST', '/v1/catalogue', { body: `plans: [${plan}]`, headers });
  expect([status, body.error.path]).toEqual([422, 'plans[0].boundsCover']);
  expect(body.error.message).toContain('choose charges, or leave baseFeeEvery out');
});
