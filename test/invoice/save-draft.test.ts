import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { canonicalJson } from '../../src/domain/canonical.ts';
import { contentDigest, invoiceId } from '../../src/invoice/invoice-digests.ts';
import { moveInvoice } from '../../src/invoice/move-invoice.ts';
import { readInvoice, readInvoiceInputs } from '../../src/invoice/read-invoice.ts';
import { saveDraft } from '../../src/invoice/save-draft.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { type InvoiceDatabase, openInvoiceDatabase } from './invoice-database.ts';
import { sampleSpan } from '../rating/sample-inputs.ts';
import { NOW, sampleDraft, saveAndIssue } from './sample-invoice.ts';

let database: InvoiceDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await openInvoiceDatabase({ poolSizeMax: 10 });
  pool = database.pool;
});

afterAll(async () => {
  await database.close();
});

const otherUsage = { spans: [sampleSpan({ usage: [] })] };

describe('saving', () => {
  test('keeps the bytes that were hashed, and what was rated', async () => {
    const draft = sampleDraft({ occasion: 'kept' });
    const saved = await saveDraft(pool, draft);
    expect(saved.contentDigest).toBe(contentDigest(draft.content).toString('hex'));
    const invoice = await readInvoice(pool, saved.invoiceId);
    expect(invoice).toMatchObject({
      status: 'draft',
      number: null,
      issuedAt: null,
      totalMinor: '8592',
      supplyStart: '2023-11-01T00:00:00Z',
      createdAt: '2023-12-01T06:00:00Z',
      content: draft.content,
      moves: [{ from: null, to: 'draft', actor: 'billing', at: '2023-12-01T06:00:00Z' }],
    });
    expect(await readInvoiceInputs(pool, saved.invoiceId)).toBe(canonicalJson(draft.inputs));
  });

  test('twice is once', async () => {
    const draft = sampleDraft({ occasion: 'twice' });
    const first = await saveDraft(pool, draft);
    expect(await saveDraft(pool, { ...draft, at: NOW + 1 })).toEqual(first);
    const invoice = await readInvoice(pool, first.invoiceId);
    expect(invoice?.moves).toHaveLength(1);
    expect(invoice?.createdAt).toBe('2023-12-01T06:00:00Z');
  });

  test('by twenty at once is one row', async () => {
    const draft = sampleDraft({ occasion: 'at once' });
    const saved = await Promise.all(
      Array.from({ length: 20 }, () => inTransaction(pool, (client) => saveDraft(client, draft))),
    );
    expect(new Set(saved.map((one) => one.invoiceId)).size).toBe(1);
    const { rows } = await pool.query("select count(*)::integer as count from invoice where occasion = 'at once'");
    expect(rows[0].count).toBe(1);
  });

  test('other inputs replaces a draft', async () => {
    const { invoiceId: id } = await saveDraft(pool, sampleDraft({ occasion: 'replaced' }));
    const replaced = await saveDraft(pool, sampleDraft({ occasion: 'replaced' }, otherUsage));
    expect(replaced.invoiceId).toBe(id);
    expect(await readInvoice(pool, id)).toMatchObject({ totalMinor: '2165', contentDigest: replaced.contentDigest });
  });

  test('other inputs takes a held invoice back to draft: the person was asked about other figures', async () => {
    const { invoiceId: id } = await saveDraft(pool, sampleDraft({ occasion: 'held' }));
    await moveInvoice(pool, { invoiceId: id, to: 'held', actor: 'billing', reason: 'bound', at: NOW });
    expect(await saveDraft(pool, sampleDraft({ occasion: 'held' }))).toMatchObject({ status: 'held' });
    expect(await saveDraft(pool, sampleDraft({ occasion: 'held' }, otherUsage))).toMatchObject({ status: 'draft' });
    const invoice = await readInvoice(pool, id);
    expect(invoice).toMatchObject({ status: 'draft', totalMinor: '2165' });
    expect(invoice?.moves.map(({ to }) => to)).toEqual(['draft', 'held', 'draft']);
  });

  test('other inputs is refused for what a person rejected', async () => {
    const { invoiceId: id } = await saveDraft(pool, sampleDraft({ occasion: 'rejected' }));
    await moveInvoice(pool, { invoiceId: id, to: 'rejected', actor: 'ann', reason: 'wrong plan', at: NOW });
    await expect(saveDraft(pool, sampleDraft({ occasion: 'rejected' }, otherUsage))).rejects.toMatchObject({
      code: 'rejected',
    });
  });

  test('other inputs is refused once issued, the same inputs find the issued one', async () => {
    const draft = sampleDraft({ occasion: 'issued' });
    const issued = await saveAndIssue(pool, draft);
    expect(await saveDraft(pool, draft)).toMatchObject({ status: 'issued', contentDigest: issued.contentDigest });
    await expect(saveDraft(pool, sampleDraft({ occasion: 'issued' }, otherUsage))).rejects.toMatchObject({
      code: 'already_issued',
    });
    expect((await readInvoice(pool, issued.number))?.totalMinor).toBe('8592');
  });

  test('the same inputs rated otherwise by newer code leaves an issued invoice as it is', async () => {
    const draft = sampleDraft({ occasion: 'newer code' });
    const issued = await saveAndIssue(pool, draft);
    const newer = { ...draft, content: { ...draft.content, ratingVersion: draft.content.ratingVersion + 1 } };
    expect((await saveDraft(pool, newer)).contentDigest).toBe(issued.contentDigest);
  });

  test('the content of another identity is refused', async () => {
    const draft = { ...sampleDraft({ occasion: 'mine' }), identity: sampleDraft({ occasion: 'yours' }).identity };
    await expect(saveDraft(pool, draft)).rejects.toMatchObject({ code: 'identity_mismatch' });
  });
});

describe('an invoice id', () => {
  const identity = sampleDraft().identity;

  test('is the same for the same identity, in the form the ledger asks for', () => {
    expect(invoiceId(identity)).toMatch(/^inv_[a-z2-7]{26}$/);
    expect(invoiceId({ ...identity })).toBe('inv_qdtcry6yh5hmq2csfm4gmcuyv5');
  });

  test('is another for every part of the identity', () => {
    const others = [
      { ...identity, tenant: 'other' },
      { ...identity, kind: 'interim' as const },
      { ...identity, occasion: '2023-12-01T00:00:00Z' },
      { ...identity, revision: 1 },
    ];
    expect(new Set([identity, ...others].map(invoiceId)).size).toBe(5);
  });
});
