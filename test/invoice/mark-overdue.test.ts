import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { MICROS_PER_DAY } from '../../src/domain/instant.ts';
import { markOverdue } from '../../src/invoice/mark-overdue.ts';
import { moveInvoice } from '../../src/invoice/move-invoice.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { type InvoiceDatabase, openInvoiceDatabase } from './invoice-database.ts';
import { NOW, sampleDraft, saveAndIssue } from './sample-invoice.ts';

let database: InvoiceDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await openInvoiceDatabase();
  pool = database.pool;
});

afterAll(async () => {
  await database.close();
});

test('what is due and unpaid becomes overdue, a batch at a time, once', async () => {
  const due = NOW + 30 * MICROS_PER_DAY;
  for (const occasion of ['one', 'two', 'three', 'paid']) await saveAndIssue(pool, sampleDraft({ occasion }));
  const paid = await readInvoice(pool, 'INV-000004');
  await moveInvoice(pool, { invoiceId: paid?.id ?? '', to: 'paid', actor: 'ann', reason: 'transfer', at: NOW });
  const mark = (at: number) => inTransaction(pool, (client) => markOverdue(client, { at, limit: 2 }));

  expect(await mark(due - 1)).toEqual([]);
  const first = await mark(due);
  const second = await mark(due);
  expect([first.length, second.length]).toEqual([2, 1]);
  expect(new Set([...first, ...second]).size).toBe(3);
  expect(await mark(due)).toEqual([]);
  expect((await readInvoice(pool, 'INV-000001'))?.moves.map(({ to }) => to)).toEqual(['draft', 'issued', 'overdue']);
  expect((await readInvoice(pool, 'INV-000004'))?.status).toBe('paid');
});
