import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { InvoiceContent } from '../../src/domain/invoice.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { issueInvoice } from '../../src/invoice/issue-invoice.ts';
import { saveDraft } from '../../src/invoice/save-draft.ts';
import { moveCycle, openCycle, readCycleStage } from '../../src/ledger/billing-cycles.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import type { RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { CATALOGUE, NOW, openApiBench } from './api-bench.ts';
import type { ApiBench } from './api-bench.ts';

let bench: ApiBench;
let invoiceId: string;

function inputsOf(tenant: string): RatingInputs {
  const party = { name: tenant, addressLines: [], taxIds: [] };
  const period = { start: '2026-10-01T00:00:00Z', end: '2026-11-01T00:00:00Z' };
  const planVersion = {
    key: 'p',
    version: 1,
    name: 'P',
    currency: 'USD',
    baseFee: '12.34',
    charges: [],
    limits: [],
  };
  return {
    identity: { tenant, kind: 'cycle', occasion: '2026-10-01T00:00:00Z', revision: 0 },
    meters: [],
    tenant: { currency: 'USD', timeZone: 'UTC', buyer: party, billTo: tenant, taxRates: [], paymentTermsDays: 30 },
    issuer: { name: 'Toll Ltd', addressLines: [], taxIds: [] },
    period,
    feePeriod: period,
    spans: [{ from: period.start, to: period.end, planVersion, usage: [] }],
    late: [],
    earlier: [],
    isLast: true,
    corrects: null,
  };
}

async function issue(tenant: string): Promise<string> {
  const inputs = inputsOf(tenant);
  const rated = rateInvoice(inputs);
  if ('problems' in rated) throw new Error(rated.problems.join());
  const content: InvoiceContent = rated.content;
  return inTransaction(bench.pool, async (client) => {
    const at = requireInstant(NOW);
    const draft = await saveDraft(client, { identity: inputs.identity, inputs, content, at });
    await issueInvoice(client, { invoiceId: draft.invoiceId, at, chainTip: 'tip' });
    return draft.invoiceId;
  });
}

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(CATALOGUE);
  invoiceId = await issue('acme');
  await issue('globex');
});

afterAll(async () => {
  await bench.close();
});

describe('an invoice', () => {
  test('is read by id and by number, as JSON and as text', async () => {
    const byId = await bench.call('GET', `/v1/invoices/${invoiceId}`);
    const byNumber = await bench.call('GET', '/v1/invoices/INV-000001');
    expect(byId.status).toBe(200);
    expect(byNumber.body).toEqual(byId.body);
    expect(byId.body).toMatchObject({ status: 'issued', number: 'INV-000001', content: { totalMinor: '1234' } });
    const text = await bench.call('GET', `/v1/invoices/${invoiceId}`, { headers: { accept: 'text/plain' } });
    expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(text.text).toContain('INV-000001');
    expect(text.text).toContain('12.34');
  });

  test('is seen by keys of its own tenant only', async () => {
    const acme = await bench.makeKey(['read'], 'acme');
    const globex = await bench.makeKey(['read'], 'globex');
    expect((await bench.call('GET', `/v1/invoices/${invoiceId}`, { key: acme })).status).toBe(200);
    expect((await bench.call('GET', `/v1/invoices/${invoiceId}`, { key: globex })).status).toBe(404);
    const list = await bench.call('GET', '/v1/invoices', { key: globex });
    expect(list.body.data.map(({ identity }: { identity: { tenant: string } }) => identity.tenant)).toEqual(['globex']);
  });

  test('is listed by status in pages', async () => {
    const first = await bench.call('GET', '/v1/invoices?status=issued&limit=1');
    expect(first.body.data).toHaveLength(1);
    const second = await bench.call('GET', `/v1/invoices?status=issued&limit=1&cursor=${first.body.nextCursor}`);
    expect(second.body.data).toHaveLength(1);
    expect(second.body.data[0].id).not.toBe(first.body.data[0].id);
    expect((await bench.call('GET', '/v1/invoices?status=held')).body).toEqual({ data: [], nextCursor: null });
  });

  test('is marked paid once, with who and why', async () => {
    const body = { reason: 'bank transfer' };
    const headers = { 'idempotency-key': 'paid-1' };
    const paid = await bench.call('POST', '/v1/invoices/INV-000001/mark-paid', { body, headers });
    expect(paid).toMatchObject({ status: 200, body: { status: 'paid', number: 'INV-000001' } });
    expect(paid.body.moves.at(-1)).toMatchObject({ from: 'issued', to: 'paid', reason: 'bank transfer' });
    const replay = await bench.call('POST', '/v1/invoices/INV-000001/mark-paid', { body, headers });
    expect([replay.body, replay.headers.get('idempotency-hit')]).toEqual([paid.body, 'true']);
    const repeat = await bench.call('POST', '/v1/invoices/INV-000001/mark-paid', { body });
    expect(repeat.body.moves).toHaveLength(paid.body.moves.length);
    const { rows } = await bench.pool.query(`select subject from audit_entry where action = 'invoice.mark_paid'`);
    expect(rows).toEqual([{ subject: invoiceId }]);
  });

  test('that is paid settles its cycle, also where an earlier release marked it', async () => {
    const { body } = await bench.call('GET', '/v1/invoices/INV-000001');
    const { tenant, occasion: periodStart, revision } = body.identity;
    const cycle = { tenant, periodStart, revision };
    await openCycle(bench.pool, { ...cycle, workflowId: 'close-cycle/acme' }, requireInstant(NOW));
    await moveCycle(bench.pool, cycle, 'issued', requireInstant(NOW));
    await bench.call('POST', '/v1/invoices/INV-000001/mark-paid');
    expect(await readCycleStage(bench.pool, cycle)).toBe('settled');
    const { body: cycles } = await bench.call('GET', `/v1/tenants/${tenant}/cycles`);
    expect(cycles.data).toMatchObject([{ periodStart, stage: 'settled' }]);
  });

  test('that cannot be paid says why', async () => {
    await bench.pool.query(`update invoice set status = 'void' where tenant = 'globex'`);
    const answer = await bench.call('POST', '/v1/invoices/INV-000002/mark-paid');
    expect([answer.status, answer.body.error.code]).toEqual([409, 'move_not_allowed']);
  });

  test('is moved by one of two requests with the same key that come at once', async () => {
    const id = await issueAnother();
    const send = () =>
      bench.call('POST', `/v1/invoices/${id}/mark-paid`, { body: {}, headers: { 'idempotency-key': 'both' } });
    const statuses = (await Promise.all([send(), send(), send()])).map(({ status }) => status);
    expect(statuses).toContain(200);
    expect(new Set(statuses)).toEqual(new Set(statuses.map((status) => (status === 409 ? 409 : 200))));
    const { rows } = await bench.pool.query('select 1 from audit_entry where subject = $1', [id]);
    expect(rows).toHaveLength(1);
  });
});

async function issueAnother(): Promise<string> {
  const headers = { 'content-type': 'application/yaml' };
  const body = CATALOGUE.replace('id: globex', 'id: another');
  await bench.call('POST', '/v1/catalogue', { body, headers });
  return issue('another');
}
