import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import { issueInvoice } from '../../src/invoice/issue-invoice.ts';
import { moveInvoice } from '../../src/invoice/move-invoice.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { saveDraft } from '../../src/invoice/save-draft.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { withConnection } from '../support/template-database.ts';
import { sampleInputs } from '../rating/sample-inputs.ts';
import { type InvoiceDatabase, openInvoiceDatabase } from './invoice-database.ts';
import { NOW, sampleDraft, saveAndIssue } from './sample-invoice.ts';

let database: InvoiceDatabase;
let pool: pg.Pool;

beforeEach(async () => {
  database = await openInvoiceDatabase({ poolSizeMax: 10 });
  pool = database.pool;
});

afterEach(async () => {
  await database.close();
});

async function numbers(): Promise<string[]> {
  const { rows } = await pool.query<{ number: string }>(
    'select number from invoice where number is not null order by number',
  );
  return rows.map(({ number }) => number);
}

const INV = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `INV-${String(index + 1).padStart(6, '0')}`);

/** Sessions that wait for a lock. Only the owner sees what other sessions wait for. */
function waitingForLocks(): Promise<number | undefined> {
  return withConnection(database.databaseUrl, async (owner) => {
    const { rows } = await owner.query<{ waiting: number }>(
      `select count(*)::integer as waiting from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows[0]?.waiting;
  });
}

describe('numbers', () => {
  test('have no gap when twenty invoices are issued at once', async () => {
    const drafts = Array.from({ length: 20 }, (_, index) => sampleDraft({ occasion: `occasion ${index}` }));
    const issued = await Promise.all(drafts.map((draft) => saveAndIssue(pool, draft)));
    expect(issued.map(({ number }) => number).toSorted()).toEqual(INV(20));
    expect(await numbers()).toEqual(INV(20));
  });

  test('are one per identity when twenty try to issue the same', async () => {
    const { invoiceId } = await saveDraft(pool, sampleDraft());
    const issued = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        inTransaction(pool, (client) => issueInvoice(client, { invoiceId, at: NOW + index, chainTip: 'none' })),
      ),
    );
    expect(new Set(issued.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(await numbers()).toEqual(INV(1));
    expect((await readInvoice(pool, invoiceId))?.moves.map(({ to }) => to)).toEqual(['draft', 'issued']);
  });

  test('are one per identity also when two have begun to issue it before either could finish', async () => {
    const { invoiceId } = await saveDraft(pool, sampleDraft());
    const issue = () => inTransaction(pool, (client) => issueInvoice(client, { invoiceId, at: NOW, chainTip: 'none' }));
    const issuing = await inTransaction(pool, async (blocker) => {
      await blocker.query('select 1 from invoice_series for update');
      const both = Promise.all([issue(), issue()]);
      await vi.waitFor(async () => expect(await waitingForLocks()).toBe(2), { timeout: 10_000 });
      return { both };
    });
    const [one, other] = await issuing.both;
    expect(one).toEqual(other);
    expect(await numbers()).toEqual(INV(1));
  });

  test('go back to the series when the issuing transaction fails, half of twenty at once', async () => {
    const attempts = Array.from({ length: 20 }, (_, index) =>
      inTransaction(pool, async (client) => {
        const { invoiceId } = await saveDraft(client, sampleDraft({ occasion: `occasion ${index}` }));
        const issued = await issueInvoice(client, { invoiceId, at: NOW, chainTip: 'none' });
        if (index % 2 === 1) throw new Error('the step after it failed');
        return issued;
      }),
    );
    const results = await Promise.allSettled(attempts);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(10);
    expect(await numbers()).toEqual(INV(10));
  });

  test('of credit notes are a series of their own, and drafts take none', async () => {
    await saveDraft(pool, sampleDraft({ occasion: 'only a draft' }));
    expect((await saveAndIssue(pool, sampleDraft({ kind: 'credit_note', occasion: 'one' }))).number).toBe('CN-000001');
    expect((await saveAndIssue(pool, sampleDraft())).number).toBe('INV-000001');
  });

  test('grow past their six digits', async () => {
    await pool.query("update invoice_series set last_number = 999999 where series = 'INV'");
    expect((await saveAndIssue(pool, sampleDraft())).number).toBe('INV-1000000');
  });
});

describe('issuing', () => {
  test('sets time, due date and the tip of the chains', async () => {
    const { invoiceId } = await saveDraft(pool, sampleDraft());
    const at = requireInstant('2023-12-01T06:00:00.000123Z');
    const issued = await issueInvoice(pool, { invoiceId, at, chainTip: '0:abc 1:def', actor: 'ann' });
    expect(issued).toMatchObject({ issuedAt: '2023-12-01T06:00:00.000123Z', dueAt: '2023-12-31T06:00:00.000123Z' });
    expect(await readInvoice(pool, issued.number)).toMatchObject({
      ...issued,
      status: 'issued',
      chainTip: '0:abc 1:def',
    });
    expect((await readInvoice(pool, invoiceId))?.moves.at(-1)).toMatchObject({ actor: 'ann', to: 'issued' });
  });

  test('counts payment days on the calendar of the tenant, across a change of clocks', async () => {
    const tenant = { ...sampleInputs().tenant, timeZone: 'America/New_York', paymentTermsDays: 14 };
    const { invoiceId } = await saveDraft(pool, sampleDraft({}, { tenant }));
    const at = requireInstant('2024-03-01T17:00:00Z');
    // Noon in New York both times: UTC−5 in winter, UTC−4 in summer.
    expect((await issueInvoice(pool, { invoiceId, at, chainTip: 'none' })).dueAt).toBe('2024-03-15T16:00:00Z');
  });

  test('is refused for what was rejected and for what does not exist', async () => {
    const { invoiceId } = await saveDraft(pool, sampleDraft());
    await moveInvoice(pool, { invoiceId, to: 'rejected', actor: 'ann', reason: 'wrong', at: NOW });
    const issue = { at: NOW, chainTip: 'none' };
    await expect(issueInvoice(pool, { ...issue, invoiceId })).rejects.toMatchObject({ code: 'move_not_allowed' });
    await expect(issueInvoice(pool, { ...issue, invoiceId: 'inv_none' })).rejects.toMatchObject({ code: 'not_found' });
    expect(await numbers()).toEqual([]);
  });
});

describe('issued content', () => {
  test.each([
    ["content = '{}'", 'content'],
    ['total_minor = 1', 'a total'],
    ["number = 'INV-000099'", 'the number'],
    ["due_at = due_at + interval '1 day'", 'the due date'],
    ["chain_tip = 'other'", 'the tip'],
    ['issued_at = null, due_at = null, number = null', 'being issued'],
  ])('is frozen: %s is refused', async (change) => {
    const { number } = await saveAndIssue(pool, sampleDraft());
    await expect(pool.query(`update invoice set ${change} where number = $1::text`, [number])).rejects.toThrow(
      /is issued: its content is frozen/,
    );
  });

  test('and its history cannot be changed or deleted by the application', async () => {
    await saveAndIssue(pool, sampleDraft());
    await expect(pool.query('delete from invoice')).rejects.toThrow(/permission denied|only appends/);
    await expect(pool.query("update invoice_move set reason = 'other'")).rejects.toThrow(
      /permission denied|only appends/,
    );
    await expect(pool.query('delete from invoice_move')).rejects.toThrow(/permission denied|only appends/);
  });
});
