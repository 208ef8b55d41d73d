import type { InvoiceStatus } from '../domain/invoice.ts';
import type { Queryable } from '../ledger/database.ts';
import { instantColumn } from './invoice-record.ts';
import { InvoiceError } from './invoice-error.ts';
import { lockPayers } from './lock-payers.ts';

/** What the steps that change an invoice must know of it. Digests in hex. */
export interface LockedInvoice {
  readonly id: string;
  readonly kind: string;
  readonly status: InvoiceStatus;
  readonly number: string | null;
  readonly issued_at: string | null;
  readonly due_at: string | null;
  readonly inputs_digest: string;
  readonly content_digest: string;
  readonly content: string;
}

/**
 * The same, with the payer locked first where the invoice draws or carries credit: in the order of those who rate, so that nobody
 * waits for somebody who waits for him. Throws `InvoiceError` `not_found`.
 */
export async function lockInvoiceAndPayer(client: Queryable, invoiceId: string): Promise<LockedInvoice> {
  const { rows } = await client.query<{ payer: string }>(
    `select content::jsonb ->> 'billTo' as payer from invoice
     where id = $1::text and (carried_minor > 0 or due_minor < total_minor)`,
    [invoiceId],
  );
  await lockPayers(
    client,
    rows.map(({ payer }) => payer),
  );
  return lockInvoice(client, invoiceId);
}

/**
 * Takes the row lock that orders everyone who wants to change this invoice, until the caller's transaction ends. Throws
 * `InvoiceError` `not_found`.
 */
export async function lockInvoice(client: Queryable, invoiceId: string): Promise<LockedInvoice> {
  const { rows } = await client.query<LockedInvoice>(
    `select id, kind, status, number, ${instantColumn('issued_at')}, ${instantColumn('due_at')},
       encode(inputs_digest, 'hex') as inputs_digest, encode(content_digest, 'hex') as content_digest, content
     from invoice where id = $1::text for update`,
    [invoiceId],
  );
  const [row] = rows;
  if (row === undefined) throw new InvoiceError('not_found', `there is no invoice ${invoiceId}`);
  return row;
}
