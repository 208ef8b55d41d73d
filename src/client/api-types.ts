import type { JsonObject, JsonValue } from '../domain/event.ts';
import type { InstantText } from '../domain/instant.ts';
import type { InvoiceContent, InvoiceIdentity, InvoiceStatus } from '../domain/invoice.ts';
import type { EventResult, LimitState, Outcome, UsageCost } from '../domain/outcome.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { CountingView } from './calendar-types.ts';

/** A page of a list; `nextCursor` is `null` on the last one. */
export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}

/** The answer of `POST /v1/events`. */
export interface EventsAnswer {
  readonly results: readonly EventResult[];
}

/** What `POST /v1/check` asks: may the tenant use so much more of each of these meters now? */
export interface CheckInput {
  readonly tenant: string;
  /** One meter or several. */
  readonly meter: string | readonly string[];
  /** Whole units, a plain decimal; 1 when absent. */
  readonly quantity?: string | number | undefined;
  /** What an event would have: limits on each value of a dimension ask for it. */
  readonly properties?: Readonly<Record<string, string | number | boolean | null>> | undefined;
  /** Whether the answer shall say what the usage would cost. */
  readonly cost?: boolean | undefined;
}

/** The answer of `POST /v1/check`. True of that moment only: other senders may be faster. */
export interface CheckView {
  readonly allowed: boolean;
  /** The outcome an event would have; absent when it is allowed. */
  readonly reason?: Outcome;
  /** The limits on these meters as they stand. A meter without a limit has no entry. */
  readonly limits: readonly LimitState[];
  /** Only where it was asked for: what the usage of all of these meters would cost; `null`: `costReason` says why it is not known. */
  readonly cost?: UsageCost | null;
  readonly costReason?: string;
}

/** One change that applying a catalogue file makes, or would make. */
export interface CatalogueChange {
  readonly kind: string;
  readonly key: string;
  readonly action: 'created' | 'new_version' | 'updated' | 'unchanged';
  /** `version`, `changed` (fields with from and to), `note`, and of a plan `prices` (in words) and `staying`, where they say something. */
  readonly details: JsonObject;
}

/** What applying a catalogue file did. */
export interface ApplyAnswer {
  readonly changes: readonly CatalogueChange[];
  readonly catalogueVersion: number;
}

/** What counting a meter back did. */
export interface CountBackAnswer {
  readonly meter: string;
  /** Events that it has read now. */
  readonly counted: number;
  /** Events whose value it cannot read. */
  readonly unreadable: number;
  /** Where to go on; `null`: all is counted. */
  readonly nextCursor: string | null;
}

/** A tenant as the API shows it. */
export interface TenantView extends Tenant {
  /** The plan that governs it now. */
  readonly plan: { readonly key: string; readonly version: number } | null;
  /** What it holds beside its plan, by key and then in order of time. */
  readonly addOns: readonly {
    readonly planKey: string;
    readonly planVersion: number;
    readonly validFrom: InstantText;
    readonly validTo: InstantText | null;
  }[];
  /** Charges of its own, as a plan has them, by key and then in order of time. */
  readonly prices: readonly {
    readonly charge: Readonly<Record<string, unknown>>;
    readonly validFrom: InstantText;
    readonly validTo: InstantText | null;
  }[];
  /** What it holds of fixed quantities, by name and then in order of time. */
  readonly quantities: readonly {
    readonly name: string;
    readonly quantity: string;
    readonly validFrom: InstantText;
    readonly validTo: InstantText | null;
  }[];
  /** Until then nothing is due; `null`: it has no trial. */
  readonly trialEndsAt: InstantText | null;
  /** By what its periods are counted now (the tenant's own `billingStart` and `periodLength` are the first), and every change of that. */
  readonly calendar: CountingView & { readonly changes: readonly (CountingView & { readonly from: InstantText })[] };
  /** The billing period that runs now. */
  readonly period: { readonly start: InstantText; readonly end: InstantText } | null;
  /** Periods that end at or before it take no more events. */
  readonly sealedThrough: InstantText;
}

/** An event of the ledger. */
export interface LedgerEventView {
  readonly id: string;
  readonly tenant: string;
  readonly type: string;
  readonly occurredAt: InstantText;
  readonly quantity: string;
  readonly properties: JsonObject | null;
  /** The period its time falls into, and the one whose invoice bills it. */
  readonly usagePeriod: InstantText;
  readonly accountingPeriod: InstantText;
  /** `<epoch>-<sequence>` in its shard's journal. */
  readonly position: string;
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
  /** What is left to pay after credits. */
  readonly dueMinor: string;
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
  /** How its secret begins; `null` for old keys. */
  readonly prefix: string | null;
  readonly scopes: readonly KeyScope[];
  readonly tenant: string | null;
  readonly createdAt: InstantText;
  readonly expiresAt: InstantText | null;
  readonly revokedAt: InstantText | null;
  /** The key whose place it takes. */
  readonly rotatedFrom: string | null;
  /** To the minute. */
  readonly lastUsedAt: InstantText | null;
}

/** A new key, with the secret that is shown this once. */
export interface NewKeyView extends KeyView {
  readonly secret: string;
}

/** A key that takes the place of another one, which works until its `expiresAt`. */
export interface RotatedKeyView extends NewKeyView {
  readonly old: KeyView;
}

/** What a new key shall be able to do. */
export interface NewKey {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** Binds the key to one tenant. */
  readonly tenant?: string;
  /** From then on it is no key any more. */
  readonly expiresAt?: InstantText;
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
  readonly usagePeriod?: InstantText | undefined;
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
  /** Only this meter. */
  readonly meter?: string | undefined;
  /** By the values of this dimension of the meter. */
  readonly dimension?: string | undefined;
}

/** Usage of one meter in one hour, day or month of the tenant's zone. */
export interface UsageBucketView {
  readonly start: InstantText;
  readonly meter: string;
  /** Only by a dimension: its value; `null` for events without it. */
  readonly value?: string | number | boolean | null;
  readonly unit: string;
  readonly quantity: string;
  readonly eventCount: string;
}

/** Usage of one meter in the open period. */
export interface LiveUsageView {
  readonly unit: string;
  readonly quantity: string;
  readonly eventCount: string;
}

/** Usage from the ledger, and beside it the open period up to this moment. */
export interface UsageView {
  readonly tenant: string;
  readonly from: InstantText;
  readonly to: InstantText;
  readonly by: 'hour' | 'day' | 'month';
  readonly timeZone: string;
  /** By whose values the usage is told, if it is. */
  readonly dimension?: string;
  readonly data: readonly UsageBucketView[];
  readonly period: { readonly start: InstantText; readonly end: InstantText } | null;
  /** By meter. */
  readonly live: Readonly<Record<string, LiveUsageView>>;
  /** Where `live` comes from; `null` without an open period. */
  readonly liveSource: 'counters' | 'ledger' | null;
}

/** Which refusals: by default all, the newest hour first. */
export interface RefusalsQuery extends PageQuery {
  readonly from?: InstantText | undefined;
  readonly to?: InstantText | undefined;
  readonly meter?: string | undefined;
}

/** Refused usage of one meter and reason that arrived in one hour of the tenant's zone. */
export interface RefusalView {
  /** Start of the hour. */
  readonly hour: InstantText;
  readonly meter: string;
  readonly unit: string;
  /** The outcome that was answered. */
  readonly reason: string;
  readonly eventCount: string;
  /** `null` for meters whose values do not add up. */
  readonly quantity: string | null;
}

/** Which dead letters: by default those that are open. */
export interface DeadLettersQuery extends PageQuery {
  readonly tenant?: string | undefined;
  readonly state?: 'open' | 'all' | undefined;
}

/** Usage that was accepted and could not be written to the ledger, and what became of it. */
export interface DeadLetterView {
  readonly id: string;
  /** `null`: not even that could be read. */
  readonly tenant: string | null;
  readonly shard: number;
  /** `<epoch>-<sequence>`, both inclusive. */
  readonly firstPosition: string;
  readonly lastPosition: string;
  readonly reason: string;
  readonly at: InstantText;
  /** `duplicate`: it was read again, and the ledger had its events already. */
  readonly resolution: 'replayed' | 'duplicate' | 'discarded' | null;
  readonly resolvedAt: InstantText | null;
  readonly resolvedBy: string | null;
  readonly resolvedReason: string | null;
}

/** A dead letter that was settled just now; the counts are those of a replay. */
export interface SettledLetterView extends DeadLetterView {
  readonly newEvents?: number;
  readonly knownEvents?: number;
}

/** Which alerts: by default all, those found last first. */
export interface AlertsQuery extends PageQuery {
  readonly tenant?: string | undefined;
  /** Start of the billing period. */
  readonly period?: InstantText | undefined;
  readonly meter?: string | undefined;
  readonly from?: InstantText | undefined;
  readonly to?: InstantText | undefined;
}

/** A threshold of a tenant's plan that its usage of a period has reached. Quantities are whole units. */
export interface AlertView {
  /** `alr_…` */
  readonly id: string;
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly meter: string;
  readonly unit: string;
  /** The rule: `limit:0.8`, `included:1`, `quantity:50000`. */
  readonly threshold: string;
  readonly thresholdQuantity: string;
  /** The usage when it was found to be reached. */
  readonly quantity: string;
  readonly at: InstantText;
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
