import type { InvoiceContent, InvoiceKind, InvoiceStatus } from '../domain/invoice.ts';
import { parseJson } from '../domain/parse-json.ts';
import type { Queryable } from '../ledger/database.ts';
import { textDigest } from './invoice-digests.ts';
import { InvoiceError } from './invoice-error.ts';
import {
  instantColumn,
  SUMMARY_COLUMNS,
  summaryOf,
  type Invoice,
  type InvoiceMove,
  type InvoiceSummary,
  type SummaryRow,
} from './invoice-record.ts';

interface InvoiceRow extends SummaryRow {
  readonly content: string;
  readonly inputs_digest: string;
  readonly rating_version: number;
  readonly format_version: number;
  readonly corrects: string | null;
  readonly chain_tip: string | null;
}

/**
 * Reads an invoice by its id or its number; `undefined` when there is none. Throws `InvoiceError` `damaged` when the stored
 * content no longer is what its digest says: such an invoice must not be shown as if it were true.
 */
export async function readInvoice(db: Queryable, idOrNumber: string): Promise<Invoice | undefined> {
  const { rows } = await db.query<InvoiceRow>(
    `select ${SUMMARY_COLUMNS}, content, encode(inputs_digest, 'hex') as inputs_digest, rating_version, format_version,
       corrects, chain_tip
     from invoice where id = $1::text or number = $1::text`,
    [idOrNumber],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  if (textDigest(row.content).toString('hex') !== row.content_digest) {
    throw new InvoiceError('damaged', `the content of invoice ${row.id} does not match its digest`);
  }
  return {
    ...summaryOf(row),
    content: parseJson(row.content) as InvoiceContent,
    inputsDigest: row.inputs_digest,
    ratingVersion: row.rating_version,
    formatVersion: row.format_version,
    corrects: row.corrects,
    chainTip: row.chain_tip,
    moves: await readMoves(db, row.id),
  };
}

/** Where an invoice stands; `undefined` when there is no such invoice. */
export async function readInvoiceStatus(db: Queryable, invoiceId: string): Promise<InvoiceStatus | undefined> {
  const { rows } = await db.query<{ status: InvoiceStatus }>('select status from invoice where id = $1::text', [
    invoiceId,
  ]);
  return rows[0]?.status;
}

/** The recorded inputs of rating, as the canonical JSON that was hashed; `undefined` when there is no such invoice. */
export async function readInvoiceInputs(db: Queryable, invoiceId: string): Promise<string | undefined> {
  const { rows } = await db.query<{ inputs: string }>('select inputs from invoice where id = $1::text', [invoiceId]);
  return rows[0]?.inputs;
}

/**
 * The invoice that billed an occasion: its newest revision that was issued and not made void. Drafts and held ones bill
 * nothing.
 *
 * @param occasion for a cycle, the start of its period
 */
export async function issuedInvoiceFor(
  db: Queryable,
  tenant: string,
  occasion: string,
  kind: InvoiceKind = 'cycle',
): Promise<InvoiceSummary | undefined> {
  const { rows } = await db.query<SummaryRow>(
    `select ${SUMMARY_COLUMNS} from invoice
     where tenant = $1::text and kind = $2::text and occasion = $3::text and number is not null and status <> 'void'
     order by revision desc limit 1`,
    [tenant, kind, occasion],
  );
  const [row] = rows;
  return row === undefined ? undefined : summaryOf(row);
}

async function readMoves(db: Queryable, invoiceId: string): Promise<InvoiceMove[]> {
  const { rows } = await db.query<InvoiceMove>(
    `select from_status as "from", to_status as "to", actor, reason, ${instantColumn('at')}
     from invoice_move where invoice = $1::text order by id`,
    [invoiceId],
  );
  return rows;
}
