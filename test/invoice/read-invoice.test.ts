import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { InvalidCursorError, listInvoices } from '../../src/invoice/list-invoices.ts';
import { moveInvoice } from '../../src/invoice/move-invoice.ts';
import { issuedInvoiceFor, readInvoice } from '../../src/invoice/read-invoice.ts';
import { saveDraft } from '../../src/invoice/save-draft.ts';
import { withConnection } from '../support/template-database.ts';
import { type InvoiceDatabase, openInvoiceDatabase } from './invoice-database.ts';
import { NOW, sampleDraft, saveAndIssue } from './sample-invoice.ts';

let database: InvoiceDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await openInvoiceDatabase({ tenants: ['azure', 'listed', 'revised', 'damaged'] });
  pool = database.pool;
});

afterAll(async () => {
  await database.close();
});

test('a page follows another without gap or repeat, newest first, also among equal times', async () => {
  const occasions = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  for (const [index, occasion] of occasions.entries()) {
    const draft = sampleDraft({ tenant: 'listed', occasion });
    await saveDraft(pool, { ...draft, at: NOW + Math.floor(index / 3) });
  }
  const seen: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < occasions.length; page += 1) {
    const filter = { tenant: 'listed', limit: 2, ...(cursor === undefined ? {} : { cursor }) };
    const { data, nextCursor } = await listInvoices(pool, filter);
    expect(data.length).toBeLessThanOrEqual(2);
    seen.push(...data.map(({ identity }) => identity.occasion));
    if (nextCursor === null) break;
    cursor = nextCursor;
  }
  expect(seen).toHaveLength(7);
  expect(seen.toSorted()).toEqual(occasions);
  expect(seen[0]).toBe('g');
  expect(seen.slice(1, 4).toSorted()).toEqual(['d', 'e', 'f']);
});

test('a list can be cut to a tenant and a status', async () => {
  await saveAndIssue(pool, sampleDraft({ occasion: 'listed as issued' }));
  await saveDraft(pool, sampleDraft({ occasion: 'listed as draft' }));
  const { data, nextCursor } = await listInvoices(pool, { tenant: 'azure', status: 'issued', limit: 10 });
  expect(data.map(({ identity }) => identity.occasion)).toEqual(['listed as issued']);
  expect(data[0]).toMatchObject({ number: 'INV-000001', totalMinor: '8592', currency: 'USD' });
  expect(nextCursor).toBeNull();
});

test.each(['', 'x', Buffer.from("2023-01-01T00:00:00Z|' or true").toString('base64url')])(
  'a cursor that was not given is refused: %j',
  async (cursor) => {
    await expect(listInvoices(pool, { cursor, limit: 1 })).rejects.toBeInstanceOf(InvalidCursorError);
  },
);

const revision = (number: number) => sampleDraft({ tenant: 'revised', occasion: 'once', revision: number });

test('only an issued invoice bills an occasion: the newest revision that is not void', async () => {
  const find = async () => (await issuedInvoiceFor(pool, 'revised', 'once'))?.identity.revision;
  await saveDraft(pool, revision(0));
  expect(await find()).toBeUndefined();
  await saveAndIssue(pool, revision(0));
  expect(await find()).toBe(0);
  const { invoiceId } = await saveDraft(pool, revision(1));
  expect(await find()).toBe(0);
  await saveAndIssue(pool, revision(1));
  expect(await find()).toBe(1);
  await moveInvoice(pool, { invoiceId, to: 'void', actor: 'ann', reason: 'mistake', at: NOW });
  expect(await find()).toBe(0);
});

test('an unknown invoice is undefined', async () => {
  expect(await readInvoice(pool, 'INV-999999')).toBeUndefined();
});

test('content that was changed behind the back of the ledger is not shown', async () => {
  const { number } = await saveAndIssue(pool, sampleDraft({ tenant: 'damaged' }));
  await withConnection(database.databaseUrl, async (owner) => {
    await owner.query("set session_replication_role = 'replica'");
    await owner.query("update invoice set content = replace(content, '8592', '1') where number = $1::text", [number]);
  });
  await expect(readInvoice(pool, number)).rejects.toMatchObject({ code: 'damaged' });
});
