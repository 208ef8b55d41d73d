import type { InstantText } from '../domain/instant.ts';
import type { InvoiceContent, InvoiceIdentity, InvoiceStatus } from '../domain/invoice.ts';
import type { CurrencyCode } from '../domain/money.ts';

/** What lists show of an invoice. Amounts are minor units, instants RFC 3339, digests hex. */
export interface InvoiceSummary {
  readonly id: string;
  readonly identity: InvoiceIdentity;
  readonly status: InvoiceStatus;
  /** `null` until issued, as are the two instants. */
  readonly number: string | null;
  readonly issuedAt: InstantText | null;
  readonly dueAt: InstantText | null;
  readonly currency: CurrencyCode;
  readonly supplyStart: InstantText;
  readonly supplyEnd: InstantText;
  readonly subtotalMinor: string;
  readonly taxMinor: string;
  readonly totalMinor: string;
  /** What is left to pay after credits. */
  readonly dueMinor: string;
  readonly contentDigest: string;
  readonly createdAt: InstantText;
}

/** One change of status: who, when and why. `from` is `null` for the first. */
export interface InvoiceMove {
  readonly from: InvoiceStatus | null;
  readonly to: InvoiceStatus;
  readonly actor: string;
  readonly reason: string;
  readonly at: InstantText;
}

/** An invoice, whole. */
export interface Invoice extends InvoiceSummary {
  readonly content: InvoiceContent;
  readonly inputsDigest: string;
  readonly ratingVersion: number;
  readonly formatVersion: number;
  readonly corrects: string | null;
  /** Tips of the ledger's chains when it was issued. */
  readonly chainTip: string | null;
  readonly moves: readonly InvoiceMove[];
}

/** A row as `SUMMARY_COLUMNS` selects it. */
export interface SummaryRow {
  readonly id: string;
  readonly tenant: string;
  readonly kind: InvoiceIdentity['kind'];
  readonly occasion: string;
  readonly revision: number;
  readonly status: InvoiceStatus;
  readonly number: string | null;
  readonly issued_at: InstantText | null;
  readonly due_at: InstantText | null;
  readonly currency: string;
  readonly supply_start: InstantText;
  readonly supply_end: InstantText;
  readonly subtotal_minor: string;
  readonly tax_minor: string;
  readonly total_minor: string;
  readonly due_minor: string;
  readonly content_digest: string;
  readonly created_at: InstantText;
}

/** An instant in its canonical text form: six digits of fraction only when there is one; null stays null. */
export function instantExpression(column: string): string {
  const digits = `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
  return `replace(${digits}, '.000000', '') || 'Z'`;
}

/** An instant column in its canonical text form, under its own name. */
export function instantColumn(column: string): string {
  return `${instantExpression(column)} as ${column}`;
}

/** The select list of `SummaryRow`. */
export const SUMMARY_COLUMNS = `
  id, tenant, kind, occasion, revision, status, number, currency,
  ${instantColumn('issued_at')}, ${instantColumn('due_at')},
  ${instantColumn('supply_start')}, ${instantColumn('supply_end')},
  subtotal_minor::text, tax_minor::text, total_minor::text,
  coalesce(due_minor, greatest(total_minor, 0))::text as due_minor,
  encode(content_digest, 'hex') as content_digest, ${instantColumn('created_at')}`;

/** Maps a row to what other stations read. */
export function summaryOf(row: SummaryRow): InvoiceSummary {
  return {
    id: row.id,
    identity: { tenant: row.tenant, kind: row.kind, occasion: row.occasion, revision: row.revision },
    status: row.status,
    number: row.number,
    issuedAt: row.issued_at,
    dueAt: row.due_at,
    currency: row.currency,
    supplyStart: row.supply_start,
    supplyEnd: row.supply_end,
    subtotalMinor: row.subtotal_minor,
    taxMinor: row.tax_minor,
    totalMinor: row.total_minor,
    dueMinor: row.due_minor,
    contentDigest: row.content_digest,
    createdAt: row.created_at,
  };
}
