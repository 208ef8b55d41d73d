import type pg from 'pg';

import { requireInstant, type EpochMicros } from '../../src/domain/instant.ts';
import type { InvoiceIdentity } from '../../src/domain/invoice.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { issueInvoice, type IssuedInvoice } from '../../src/invoice/issue-invoice.ts';
import { saveDraft, type DraftInvoice } from '../../src/invoice/save-draft.ts';
import type { RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleInputs } from '../rating/sample-inputs.ts';

export const TENANT = 'azure';
export const NOW: EpochMicros = requireInstant('2023-12-01T06:00:00Z');

/** A row for every tenant that invoices refer to. */
export async function insertTenant(pool: pg.Pool, id: string = TENANT): Promise<void> {
  await pool.query(
    `insert into tenant (id, name, currency, time_zone, billing_start, period_length, late_window_seconds, tax_rates,
       payment_terms_days, bill_to, buyer)
     values ($1::text, $1::text, 'USD', 'UTC', '2023-11-01Z', 'month', 0, '[]', 30, $1::text, '{}')`,
    [id],
  );
}

/** A rated draft of the trace's tenant; the occasion tells one from another. */
export function sampleDraft(
  identity: Partial<InvoiceIdentity> = {},
  changes: Partial<RatingInputs> = {},
): DraftInvoice {
  const inputs = sampleInputs({ ...changes, identity: { ...sampleInputs().identity, ...identity } });
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return { identity: inputs.identity, inputs, content: result.content, at: NOW };
}

/** Saves and issues in one transaction, as short as the station wants it. */
export function saveAndIssue(pool: pg.Pool, draft: DraftInvoice): Promise<IssuedInvoice> {
  return inTransaction(pool, async (client) => {
    const { invoiceId } = await saveDraft(client, draft);
    return issueInvoice(client, { invoiceId, at: NOW, chainTip: 'none' });
  });
}
