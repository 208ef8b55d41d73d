import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { gatherAround } from '../../activities/gather-around.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { endApplication, insertApplication, readApplication } from '../../src/invoice/coupon-applications.ts';
import { withdrawCredit } from '../../src/invoice/credit-entries.ts';
import { type CreditRecord, insertGrant, listCredits } from '../../src/invoice/credit-grants.ts';
import { derivedId, invoiceId } from '../../src/invoice/invoice-digests.ts';
import { issueInvoice, type IssuedInvoice } from '../../src/invoice/issue-invoice.ts';
import { markOverdue } from '../../src/invoice/mark-overdue.ts';
import { moveInvoice } from '../../src/invoice/move-invoice.ts';
import { insertOneOff, listOneOffs } from '../../src/invoice/one-off-charges.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { saveDraft } from '../../src/invoice/save-draft.ts';
import type { RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleInputs, samplePlan, sampleSpan } from '../rating/sample-inputs.ts';
import { type InvoiceDatabase, openInvoiceDatabase } from './invoice-database.ts';
import { NOW, TENANT } from './sample-invoice.ts';

let database: InvoiceDatabase;
let pool: pg.Pool;

beforeEach(async () => {
  database = await openInvoiceDatabase({ tenants: [TENANT, 'child'], poolSizeMax: 8 });
  ({ pool } = database);
});

afterEach(() => database.close());

const DECEMBER = '2023-12-01T00:00:00Z';

/** Inputs of a bill of so much, without tax; `earlier` takes off what makes it negative. */
function billInputs(baseFee: string, changes: Partial<RatingInputs> = {}): RatingInputs {
  const spans = [sampleSpan({ planVersion: samplePlan({ baseFee, charges: [] }), usage: [] })];
  return sampleInputs({ spans, tenant: { ...sampleInputs().tenant, taxRates: [] }, ...changes });
}

function billOf(occasion: string, baseFee: string, tenant: string = TENANT): RatingInputs {
  return billInputs(baseFee, { identity: { tenant, kind: 'cycle', occasion, revision: 0 } });
}

/** What the cycle does: rates with what is there to draw, and saves the draft, in one transaction. */
async function rate(inputs: RatingInputs): Promise<string> {
  return inTransaction(pool, async (client) => {
    const around = await gatherAround(client, inputs);
    if ('problems' in around) throw new Error(around.problems.join('; '));
    const result = rateInvoice(around.inputs);
    if ('problems' in result) throw new Error(result.problems.join('; '));
    const { identity } = inputs;
    return (await saveDraft(client, { identity, inputs: around.inputs, content: result.content, at: NOW })).invoiceId;
  });
}

function issue(id: string): Promise<IssuedInvoice> {
  return inTransaction(pool, (client) => issueInvoice(client, { invoiceId: id, at: NOW, chainTip: 'none' }));
}

function move(id: string, to: 'void' | 'rejected' | 'paid') {
  return inTransaction(pool, (client) =>
    moveInvoice(client, { invoiceId: id, to, actor: 'ann', reason: 'wrong', at: NOW }),
  );
}

async function giveCredit(name: string, amountMinor: string, changes: Partial<CreditRecord> = {}): Promise<void> {
  await insertGrant(pool, {
    id: derivedId('crd_', [name]),
    tenant: TENANT,
    kind: 'granted',
    amountMinor,
    currency: 'USD',
    priority: 0,
    expiresAt: null,
    reason: name,
    sourceInvoice: null,
    grantedAt: '2023-10-01T00:00:00Z',
    ...changes,
  });
}

async function balances(): Promise<Record<string, readonly [string, string]>> {
  const credits = await listCredits(pool, { tenant: TENANT, after: null, limit: 100 });
  return Object.fromEntries(
    credits.map(({ reason, balanceMinor, claimedMinor }) => [reason, [balanceMinor, claimedMinor]]),
  );
}

const due = async (id: string): Promise<string | undefined> => (await readInvoice(pool, id))?.dueMinor;

describe('credit', () => {
  test('is claimed by a draft, drawn when it is issued, and given back when it becomes void', async () => {
    await giveCredit('prepaid', '5000');
    const id = await rate(billOf(DECEMBER, '20'));
    expect(await balances()).toEqual({ prepaid: ['5000', '2000'] });
    await issue(id);
    expect(await balances()).toEqual({ prepaid: ['3000', '0'] });
    expect(await readInvoice(pool, id)).toMatchObject({ totalMinor: '2000', dueMinor: '0' });
    await move(id, 'void');
    expect(await balances()).toEqual({ prepaid: ['5000', '0'] });
  });

  test('that pays all of an invoice leaves nothing to become overdue', async () => {
    await giveCredit('prepaid', '2000');
    const paid = await rate(billOf(DECEMBER, '20'));
    const open = await rate(billOf('2024-01-01T00:00:00Z', '20'));
    await Promise.all([paid, open].map(issue));
    const later = requireInstant('2025-01-01T00:00:00Z');
    expect(await inTransaction(pool, (client) => markOverdue(client, { at: later, limit: 10 }))).toEqual([open]);
  });

  test('that pays all of an invoice makes it paid as it is issued, and voiding it gives the credit back', async () => {
    await giveCredit('prepaid', '2000');
    const id = await rate(billOf(DECEMBER, '20'));
    await issue(id);
    const invoice = await readInvoice(pool, id);
    expect(invoice).toMatchObject({ status: 'paid', number: 'INV-000001' });
    expect(invoice?.moves.map(({ to, actor, reason }) => [to, actor, reason])).toEqual([
      ['draft', 'billing', 'rated'],
      ['issued', 'billing', 'issued as INV-000001'],
      ['paid', 'billing', 'nothing is due: credit paid all of it'],
    ]);
    expect(await issue(id)).toMatchObject({ number: 'INV-000001' });
    await move(id, 'void');
    expect(await balances()).toEqual({ prepaid: ['2000', '0'] });
  });

  test('that pays a part of an invoice leaves it to be paid, and what was paid stays paid', async () => {
    await giveCredit('prepaid', '500');
    const id = await rate(billOf(DECEMBER, '20'));
    await issue(id);
    expect(await readInvoice(pool, id)).toMatchObject({ status: 'issued', dueMinor: '1500' });
    await move(id, 'paid');
    await expect(move(id, 'void')).rejects.toMatchObject({ code: 'move_not_allowed' });
  });

  test('is drawn once, however often the step of issuing runs', async () => {
    await giveCredit('prepaid', '5000');
    const id = await rate(billOf(DECEMBER, '20'));
    const issued = await issue(id);
    expect(await issue(id)).toEqual(issued);
    expect(await balances()).toEqual({ prepaid: ['3000', '0'] });
  });

  test('that a rejected draft claimed is free again, and a draft rated anew claims what it claims now', async () => {
    await giveCredit('prepaid', '5000');
    await rate(billOf(DECEMBER, '20'));
    const id = await rate(billOf(DECEMBER, '30'));
    expect(await balances()).toEqual({ prepaid: ['5000', '3000'] });
    await move(id, 'rejected');
    expect(await balances()).toEqual({ prepaid: ['5000', '0'] });
  });

  test('that a draft claimed is not withdrawn, and is when the draft came to nothing', async () => {
    await giveCredit('prepaid', '5000');
    const id = await rate(billOf(DECEMBER, '20'));
    const order = { tenant: TENANT, id: derivedId('crd_', ['prepaid']), reason: 'wrong', at: DECEMBER };
    const withdraw = () => inTransaction(pool, (client) => withdrawCredit(client, order));
    expect([await withdraw(), await withdraw()]).toEqual(['3000', '0']);
    await move(id, 'rejected');
    expect([await withdraw(), await withdraw()]).toEqual(['2000', '0']);
    expect(await balances()).toEqual({ prepaid: ['0', '0'] });
  });

  test('is drawn by none but bills in its currency, of its payer, of periods that end before it does', async () => {
    await giveCredit('euros', '5000', { currency: 'EUR' });
    await giveCredit('of another', '5000', { tenant: 'child' });
    await giveCredit('expired', '5000', { expiresAt: '2023-11-30T23:59:59Z' });
    expect(await due(await rate(billOf(DECEMBER, '20')))).toBe('2000');
  });

  test('of one payer is never drawn twice by bills that are rated at once', async () => {
    await giveCredit('prepaid', '5000');
    const bills = Array.from({ length: 8 }, (_, index) =>
      billOf(`2023-12-0${index + 1}T00:00:00Z`, '10', index % 2 === 0 ? TENANT : 'child'),
    );
    const ids = await Promise.all(bills.map(rate));
    expect(await balances()).toEqual({ prepaid: ['5000', '5000'] });
    const dues = await Promise.all(ids.map(due));
    expect(dues.toSorted(byAmount)).toEqual(['0', '0', '0', '0', '0', '1000', '1000', '1000']);
    await Promise.all(ids.map(issue));
    expect(await balances()).toEqual({ prepaid: ['0', '0'] });
  });

  test('that was rated on without its lock cannot be overdrawn: the second invoice is not issued', async () => {
    await giveCredit('prepaid', '1500');
    const id = derivedId('crd_', ['prepaid']);
    const grant = { id, description: 'prepaid', kind: 'granted', priority: 0, expiresAt: null } as const;
    const grants = [{ ...grant, grantedAt: '2023-10-01T00:00:00Z', balanceMinor: '1500' }];
    const [first, second] = [DECEMBER, '2024-01-01T00:00:00Z'].map((occasion) => ({
      ...billOf(occasion, '10'),
      grants,
    }));
    for (const inputs of [first, second]) {
      if (inputs === undefined) continue;
      const result = rateInvoice(inputs);
      if ('problems' in result) throw new Error(result.problems.join('; '));
      await saveDraft(pool, { identity: inputs.identity, inputs, content: result.content, at: NOW });
    }
    const issued = await Promise.allSettled(
      [first, second].map((inputs) => issue(invoiceId(inputs?.identity ?? billOf('', '0').identity))),
    );
    expect(issued.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(issued.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'credit_taken' } });
    expect((await balances())['prepaid']?.[0]).toBe('500');
  });
});

describe('a negative total', () => {
  /** Takes off 24.00 that an earlier bill of the period billed. */
  const NEGATIVE = { earlier: [{ invoiceId: 'inv_a', amounts: [{ key: 'base', amountMinor: '2400' }] }] };
  const REASON = 'carried from the invoice for 2023-11-01T00:00:00Z to 2023-12-01T00:00:00Z';

  test('becomes credit when it is issued, and the next bill draws it first', async () => {
    await giveCredit('prepaid', '5000', { priority: -5 });
    const id = await rate(billInputs('10', NEGATIVE));
    expect((await readInvoice(pool, id))?.content).toMatchObject({
      totalMinor: '-1400',
      dueMinor: '0',
      carriedMinor: '1400',
    });
    await issue(id);
    expect(await readInvoice(pool, id)).toMatchObject({ status: 'paid' });
    expect(await balances()).toEqual({ prepaid: ['5000', '0'], [REASON]: ['1400', '0'] });
    await issue(await rate(billOf(DECEMBER, '20')));
    expect(await balances()).toEqual({ prepaid: ['4400', '0'], [REASON]: ['0', '0'] });
  });

  test('carried by the last bill of a tenant is closed out by hand, once', async () => {
    await issue(await rate(billInputs('10', NEGATIVE)));
    const [carried] = await listCredits(pool, { tenant: TENANT, after: null, limit: 1 });
    const order = { tenant: TENANT, id: carried?.id ?? '', reason: 'paid out', at: DECEMBER };
    const withdraw = () => inTransaction(pool, (client) => withdrawCredit(client, order));
    expect([await withdraw(), await withdraw()]).toEqual(['1400', '0']);
    expect(await balances()).toEqual({ [REASON]: ['0', '0'] });
    expect(await due(await rate(billOf(DECEMBER, '20')))).toBe('2000');
  });

  test('that becomes void takes its credit back, unless another bill has it', async () => {
    const id = await rate(billInputs('10', NEGATIVE));
    await issue(id);
    const next = await rate(billOf(DECEMBER, '20'));
    await expect(move(id, 'void')).rejects.toMatchObject({ code: 'credit_taken' });
    await move(next, 'rejected');
    await move(id, 'void');
    expect(await balances()).toEqual({ [REASON]: ['0', '0'] });
  });
});

test('grants, entries and the claims of issued invoices never change', async () => {
  await giveCredit('prepaid', '5000');
  await issue(await rate(billOf(DECEMBER, '20')));
  for (const change of [
    'update credit_grant set amount_minor = 1',
    'update credit_entry set amount_minor = -1',
    'delete from credit_entry',
    'delete from credit_grant',
    'update invoice_claim set amount_minor = 1',
  ]) {
    await expect(pool.query(change)).rejects.toThrow(/permission denied|only appends/);
  }
  await expect(pool.query('delete from invoice_claim')).rejects.toThrow(/what it claims is frozen/);
});

describe('a charge made once', () => {
  const charge = { id: derivedId('one_', ['setup']), tenant: TENANT, key: 'setup', description: 'Setup', amount: '50' };
  test('is on one bill, also where several are rated at once, and on the next one when that is rejected', async () => {
    await insertOneOff(pool, { ...charge, at: '2023-11-05T00:00:00Z' }, '2023-11-05T00:00:00Z');
    const bills = [DECEMBER, '2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z'].map((month) => billOf(month, '10'));
    const ids = await Promise.all(bills.map(rate));
    expect(await holders(ids)).toBe(1);
    const [{ invoiceId: holder } = { invoiceId: null }] = await listOneOffs(pool, {
      tenant: TENANT,
      after: null,
      limit: 9,
    });
    await move(holder ?? '', 'rejected');
    expect(await holders([await rate(billOf('2024-03-01T00:00:00Z', '10'))])).toBe(1);
  });

  test('waits for a period that ends after it', async () => {
    await insertOneOff(pool, { ...charge, at: DECEMBER }, DECEMBER);
    expect(await holders([await rate(billOf(DECEMBER, '10'))])).toBe(0);
  });
});

describe('a coupon', () => {
  const coupon = { tenant: TENANT, coupon: 'launch', from: '2023-11-01T00:00:00Z' };
  const id = derivedId('cpn_', ['launch']);

  beforeEach(async () => {
    const definition = { name: 'Launch offer', discount: { percent: '10' }, periods: 2 };
    await pool.query('insert into coupon (key, definition, created_at) values ($1::text, $2::jsonb, now())', [
      'launch',
      JSON.stringify(definition),
    ]);
    await insertApplication(pool, { ...coupon, id }, coupon.from);
  });

  test('for two bills is on two, however many are rated at once; one that it takes nothing off does not use it up', async () => {
    await rate(billOf('2023-10-01T00:00:00Z', '0'));
    const months = ['2023-12', '2024-01', '2024-02', '2024-03'].map((month) => `${month}-01T00:00:00Z`);
    const ids = await Promise.all(months.map((month) => rate(billOf(month, '10'))));
    expect((await Promise.all(ids.map(due))).toSorted(byAmount)).toEqual(['900', '900', '1000', '1000']);
    expect((await readApplication(pool, TENANT, id))?.uses).toBe(2);
  });

  test('that was rated again on one bill is used once, and one that ended before the period is not on it', async () => {
    await rate(billOf(DECEMBER, '10'));
    await rate(billOf(DECEMBER, '20'));
    expect((await readApplication(pool, TENANT, id))?.uses).toBe(1);
    expect(await endApplication(pool, id, '2023-11-01T00:00:00Z')).toBe(true);
    expect(await due(await rate(billOf('2024-01-01T00:00:00Z', '10')))).toBe('1000');
  });
});

function byAmount(a: string | undefined, b: string | undefined): number {
  return Number(BigInt(a ?? 0) - BigInt(b ?? 0));
}

/** How many of these invoices have a charge made once. */
async function holders(ids: readonly string[]): Promise<number> {
  const invoices = await Promise.all(ids.map((id) => readInvoice(pool, id)));
  return invoices.filter((invoice) => invoice?.content.lines.some(({ kind }) => kind === 'one_off')).length;
}
