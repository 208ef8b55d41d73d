import type { JsonObject, JsonValue } from '../domain/event.ts';
import type { InstantText } from '../domain/instant.ts';
import type { InvoiceContent, InvoiceIdentity, InvoiceStatus } from '../domain/invoice.ts';
import type { EventResult } from '../domain/outcome.ts';
import type { Tenant } from '../domain/tenant.ts';

/** A page of a list; `nextCursor` is `null` on the last one. */
export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}

/** The answer of `POST /v1/events`. */
export interface EventsAnswer {
  readonly results: readonly EventResult[];
}

/** One change that applying a catalogue file makes, or would make. */
export interface CatalogueChange {
  readonly kind: string;
  readonly key: string;
  readonly action: 'created' | 'new_version' | 'updated' | 'unchanged';
  readonly details: JsonValue;
}

/** What applying a catalogue file did. */
export interface ApplyAnswer {
  readonly changes: readonly CatalogueChange[];
  readonly catalogueVersion: number;
}

/** A tenant as the API shows it. */
export interface TenantView extends Tenant {
  readonly plan?: { readonly key: string; readonly version: number } | null;
}

/** An event of the ledger. */
export interface LedgerEventView {
  readonly id: string;
  readonly tenant: string;
  readonly type: string;
  readonly occurredAt: InstantText;
  readonly quantity: string;
  readonly properties: JsonObject | null;
  readonly [name: string]: unknown;
}

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
  /** SHA-256 of the canonical content, in hex. */
  readonly contentDigest: string;
  readonly createdAt: InstantText;
}

/** An invoice, whole: its content as it was hashed, and what became of it. */
export interface InvoiceView extends InvoiceSummaryView {
  readonly content: InvoiceContent;
  readonly moves: readonly {
    readonly from: InvoiceStatus | null;
    readonly to: InvoiceStatus;
    readonly actor: string;
    readonly reason: string;
    readonly at: InstantText;
  }[];
}

/** Scopes a key can have. */
export type KeyScope = 'ingest' | 'ingest:backfill' | 'read' | 'admin';

/** An API key without its secret. */
export interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly tenant: string | null;
  readonly createdAt: InstantText;
  readonly expiresAt: InstantText | null;
  readonly revokedAt: InstantText | null;
}

/** A new key, with the secret that is shown this once. */
export interface NewKeyView extends KeyView {
  readonly secret: string;
}

/** What a new key shall be able to do. */
export interface NewKey {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** Binds the key to one tenant. */
  readonly tenant?: string;
}

/** Which page of a list. */
export interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** Which events of the ledger. */
export interface EventsQuery extends PageQuery {
  readonly tenant?: string | undefined;
  readonly type?: string | undefined;
  readonly from?: InstantText | undefined;
  readonly to?: InstantText | undefined;
  readonly meter?: string | undefined;
  readonly accountingPeriod?: InstantText | undefined;
}

/** Which invoices. */
export interface InvoicesQuery extends PageQuery {
  readonly tenant?: string | undefined;
  readonly status?: InvoiceStatus | undefined;
}

/** Which usage: by default the open period, in days of the tenant's zone. */
export interface UsageQuery {
  readonly from?: InstantText | undefined;
  readonly to?: InstantText | undefined;
  readonly by?: 'hour' | 'day' | 'month' | undefined;
}

export type UsageView = JsonObject;
export type SpendView = JsonObject;

/** The cycle of one period. */
export interface CycleView {
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly revision: number;
  readonly stage: string;
  readonly workflowId: string;
  readonly updatedAt: InstantText;
}
