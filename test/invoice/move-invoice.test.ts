import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { InvoiceStatus } from '../../src/domain/invoice.ts';
import { issueInvoice } from '../../src/invoice/issue-invoice.ts';
import { moveInvoice } from '../../src/invoice/move-invoice.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { saveDraft } from '../../src/invoice/save-draft.ts';
import { allowedMoves, isAllowedMove } from '../../src/invoice/status-moves.ts';
import { type InvoiceDatabase, openInvoiceDatabase } from './invoice-database.ts';
import { NOW, sampleDraft } from './sample-invoice.ts';

let database: InvoiceDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await openInvoiceDatabase();
  pool = database.pool;
});

afterAll(async () => {
  await database.close();
});

const STATUSES: readonly InvoiceStatus[] = [
  'draft',
  'held',
  'rejected',
  'issued',
  'overdue',
  'paid',
  'uncollectible',
  'void',
];

/** How to bring a fresh draft to a status. */
const WAYS: Readonly<Record<InvoiceStatus, readonly InvoiceStatus[]>> = {
  draft: [],
  held: ['held'],
  rejected: ['rejected'],
  issued: ['issued'],
  overdue: ['issued', 'overdue'],
  paid: ['issued', 'paid'],
  uncollectible: ['issued', 'uncollectible'],
  void: ['issued', 'void'],
};

function step(invoiceId: string, to: InvoiceStatus): Promise<unknown> {
  if (to === 'issued') return issueInvoice(pool, { invoiceId, at: NOW, chainTip: 'none' });
  return moveInvoice(pool, { invoiceId, to, actor: 'ann', reason: 'test', at: NOW });
}

const PAIRS = STATUSES.flatMap((from) => STATUSES.filter((to) => to !== from).map((to) => ({ from, to })));

test.each(PAIRS)('$from → $to is as the table says', async ({ from, to }) => {
  const { invoiceId } = await saveDraft(pool, sampleDraft({ occasion: `${from} to ${to}` }));
  for (const status of WAYS[from]) await step(invoiceId, status);
  const move = { invoiceId, to, actor: 'ann', reason: 'because', at: NOW };
  if (isAllowedMove(from, to) && to !== 'issued') {
    expect(await moveInvoice(pool, move)).toEqual({ from, moved: true });
    const invoice = await readInvoice(pool, invoiceId);
    expect(invoice?.status).toBe(to);
    expect(invoice?.moves.at(-1)).toMatchObject({ from, to, actor: 'ann', reason: 'because' });
  } else {
    await expect(moveInvoice(pool, move)).rejects.toMatchObject({ code: 'move_not_allowed' });
    expect((await readInvoice(pool, invoiceId))?.status).toBe(from);
  }
});

test('what was issued never becomes a draft again, and what ended stays ended', () => {
  for (const from of ['issued', 'overdue', 'paid', 'uncollectible', 'void'] as const) {
    expect(allowedMoves(from)).not.toContain('draft');
    expect(allowedMoves(from)).not.toContain('held');
    expect(allowedMoves(from)).not.toContain('rejected');
  }
  for (const ended of ['rejected', 'paid', 'void'] as const) expect(allowedMoves(ended)).toEqual([]);
});

test('repeating a move changes and records nothing', async () => {
  const { invoiceId } = await saveDraft(pool, sampleDraft({ occasion: 'repeated' }));
  await step(invoiceId, 'held');
  expect(await step(invoiceId, 'held')).toEqual({ from: 'held', moved: false });
  expect((await readInvoice(pool, invoiceId))?.moves).toHaveLength(2);
});

test('a refusal names what is possible', async () => {
  const { invoiceId } = await saveDraft(pool, sampleDraft({ occasion: 'named' }));
  await expect(step(invoiceId, 'paid')).rejects.toThrow(
    `invoice ${invoiceId} is draft; it may become held, issued, rejected, not paid`,
  );
});
