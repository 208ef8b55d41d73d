import type { JsonValue } from '../domain/event.ts';
import type { InstantText } from '../domain/instant.ts';
import type { InvoiceContent, InvoiceIdentity, InvoiceStatus } from '../domain/invoice.ts';
import type { PageQuery } from './page-types.ts';

/** What lists show of an invoice. Amounts are minor units, digests hex. */
export interface InvoiceSummaryView {
  readonly id: string;
  readonly identity: InvoiceIdentity;
  readonly status: InvoiceStatus;
  /** `null` until issued, as are the two instants. */
  readonly number: string | null;
  readonly issuedAt: InstantText | null;
  readonly dueAt: InstantText | null;
  readonly currency: string;
  readonly supplyStart: InstantText;
  readonly supplyEnd: InstantText;
  readonly subtotalMinor: string;
  readonly taxMinor: string;
  readonly totalMinor: string;
  /** What is left to pay after credits. */
  readonly dueMinor: string;
  /** SHA-256 of the canonical content, in hex. */
  readonly contentDigest: string;
  readonly createdAt: InstantText;
}

/** An invoice, whole: its content as it was hashed, and what became of it. */
export interface InvoiceView extends InvoiceSummaryView {
  readonly content: InvoiceContent;
  /** Of what it was rated from: SHA-256 of the canonical text, in hex. */
  readonly inputsDigest: string;
  readonly ratingVersion: number;
  readonly formatVersion: number;
  /** The invoice that it corrects. */
  readonly corrects: string | null;
  /** Tips of the ledger's chains when it was issued: `verify ledger` shows whether they still lie in them. */
  readonly chainTip: string | null;
  readonly moves: readonly {
    readonly from: InvoiceStatus | null;
    readonly to: InvoiceStatus;
    readonly actor: string;
    readonly reason: string;
    readonly at: InstantText;
  }[];
}

/** Which invoices. */
export interface InvoicesQuery extends PageQuery {
  readonly tenant?: string | undefined;
  readonly status?: InvoiceStatus | undefined;
}

/** The cycle of one period: where it stands and what came of it. */
export interface CycleView {
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly periodEnd: InstantText;
  readonly revision: number;
  readonly stage: string;
  readonly workflowId: string;
  /** Its page in the Temporal UI; `null` when the service does not know where that is. */
  readonly workflowUrl: string | null;
  readonly updatedAt: InstantText;
  readonly invoiceId: string | null;
  readonly invoiceNumber: string | null;
  readonly invoiceStatus: string | null;
  /** What comparing the counters with the ledger found; `null` before it was done. */
  readonly reconciliation: JsonValue;
  /** Open incidents of this period: why a cycle is held. */
  readonly incidents: readonly { readonly kind: string; readonly details: JsonValue }[];
}
