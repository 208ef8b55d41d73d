import type pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { insertGrant } from '../../src/invoice/credit-grants.ts';
import { derivedId } from '../../src/invoice/invoice-digests.ts';
import { issueInvoice } from '../../src/invoice/issue-invoice.ts';
import { lockInvoice } from '../../src/invoice/lock-invoice.ts';
import { lockPayers } from '../../src/invoice/lock-payers.ts';
import { moveInvoice } from '../../src/invoice/move-invoice.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { saveDraft } from '../../src/invoice/save-draft.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { withConnection } from '../support/template-database.ts';
import { type InvoiceDatabase, openInvoiceDatabase } from './invoice-database.ts';
import { NOW, sampleDraft, TENANT } from './sample-invoice.ts';

/** Whoever rates has the payer before the invoice: whoever issues or voids one must not have them the other way round. */

let database: InvoiceDatabase;
let pool: pg.Pool;

beforeEach(async () => {
  database = await openInvoiceDatabase({ tenants: [TENANT], poolSizeMax: 4 });
  ({ pool } = database);
});

afterEach(() => database.close());

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

/** A draft that draws on a credit. */
async function draftWithCredit(): Promise<string> {
  const grant = {
    id: derivedId('crd_', ['prepaid']),
    kind: 'granted',
    priority: 0,
    expiresAt: null,
    grantedAt: '2023-10-01T00:00:00Z',
  } as const;
  await insertGrant(pool, {
    ...grant,
    tenant: TENANT,
    amountMinor: '500',
    currency: 'USD',
    reason: 'prepaid',
    sourceInvoice: null,
  });
  const grants = [{ ...grant, description: 'prepaid', balanceMinor: '500' }];
  const { invoiceId } = await saveDraft(pool, sampleDraft({}, { grants }));
  return invoiceId;
}

/** Does something to an invoice while somebody has its payer, who then asks for the invoice as well. */
async function besideRating(invoiceId: string, work: (client: pg.PoolClient) => Promise<unknown>): Promise<void> {
  const both = await inTransaction(pool, async (rating) => {
    await lockPayers(rating, [TENANT]);
    const done = inTransaction(pool, work);
    await vi.waitFor(async () => expect(await waitingForLocks()).toBe(1), { timeout: 20_000 });
    await lockInvoice(rating, invoiceId);
    return { done };
  });
  await both.done;
}

test('an invoice that draws on credit is issued and made void beside a rating of its payer, and neither waits for ever', async () => {
  const invoiceId = await draftWithCredit();
  await besideRating(invoiceId, (client) => issueInvoice(client, { invoiceId, at: NOW, chainTip: 'none' }));
  const move = { invoiceId, to: 'void', actor: 'ann', reason: 'wrong', at: NOW } as const;
  await besideRating(invoiceId, (client) => moveInvoice(client, move));
  expect((await readInvoice(pool, invoiceId))?.status).toBe('void');
});
