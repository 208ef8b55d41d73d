import type { InvoiceStatus } from '../domain/invoice.ts';
import type { Queryable } from '../ledger/database.ts';
import { SUMMARY_COLUMNS, summaryOf, type InvoiceSummary, type SummaryRow } from './invoice-record.ts';

/** Which invoices, and how many at once. */
export interface InvoiceFilter {
  readonly tenant?: string;
  readonly status?: InvoiceStatus;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  /** 1 to `INVOICES_PAGE_MAX`; more is cut to it. */
  readonly limit: number;
}

/** One page; `nextCursor` is `null` on the last. */
export interface InvoicePage {
  readonly data: readonly InvoiceSummary[];
  readonly nextCursor: string | null;
}

export const INVOICES_PAGE_MAX = 200;

/** A cursor that was not made here. Callers answer it as bad input. */
export class InvalidCursorError extends Error {
  override readonly name = 'InvalidCursorError';
}

const CURSOR_CONTENT = /^(\d{4}-\d{2}-\d{2}T[\d:.]+Z)\|(inv_[a-z0-9]{26})$/;

/** Lists invoices, newest first. Pages are stable while new invoices arrive. Throws `InvalidCursorError`. */
export async function listInvoices(db: Queryable, filter: InvoiceFilter): Promise<InvoicePage> {
  const limit = Math.min(Math.max(1, Math.trunc(filter.limit)), INVOICES_PAGE_MAX);
  const [createdAt, id] = filter.cursor === undefined ? [null, null] : readCursor(filter.cursor);
  // One row more than asked for says whether there is a next page.
  const { rows } = await db.query<SummaryRow>(
    `select ${SUMMARY_COLUMNS} from invoice
     where ($1::text is null or tenant = $1::text)
       and ($2::text is null or status = $2::text)
       and ($3::timestamptz is null or (invoice.created_at, invoice.id) < ($3::timestamptz, $4::text))
     order by invoice.created_at desc, invoice.id desc
     limit $5::integer`,
    [filter.tenant ?? null, filter.status ?? null, createdAt, id, limit + 1],
  );
  const data = rows.slice(0, limit).map(summaryOf);
  const last = data.at(-1);
  return { data, nextCursor: rows.length > limit && last !== undefined ? writeCursor(last) : null };
}

function writeCursor({ createdAt, id }: InvoiceSummary): string {
  return Buffer.from(`${createdAt}|${id}`).toString('base64url');
}

function readCursor(cursor: string): [string, string] {
  const match = CURSOR_CONTENT.exec(Buffer.from(cursor, 'base64url').toString());
  const [, createdAt, id] = match ?? [];
  if (createdAt === undefined || id === undefined) {
    throw new InvalidCursorError('the cursor is not one that a list of invoices gave');
  }
  return [createdAt, id];
}
