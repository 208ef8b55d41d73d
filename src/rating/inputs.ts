import type { InstantText } from '../domain/instant.ts';
import type { InvoiceContent, InvoiceIdentity, LineProvenance } from '../domain/invoice.ts';
import type { Meter } from '../domain/meter.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { Party, Tenant } from '../domain/tenant.ts';

/** Usage of one meter as the ledger sums it. */
export interface MeteredUsage {
  readonly meter: string;
  /** Whole units, a plain decimal. */
  readonly quantity: string;
  readonly eventCount: string;
  readonly ledgerRange: LineProvenance['ledgerRange'];
}

/** Usage of one meter that came after its period was billed. */
export interface LateMeteredUsage {
  readonly meter: string;
  /** What that period's usage was when it was last billed, and what it is with the late events. Whole units. */
  readonly before: string;
  readonly after: string;
  /** Of the late events alone. */
  readonly eventCount: string;
  readonly ledgerRange: LineProvenance['ledgerRange'];
}

/** The late usage of one sealed period, billed as the difference it makes. */
export interface LateUsage {
  readonly usagePeriodStart: InstantText;
  readonly usagePeriodEnd: InstantText;
  /** The plan version that governed that period, whole. */
  readonly planVersion: PlanVersion;
  /** The invoice that billed that period; `null` when none did. */
  readonly billedInvoiceId: string | null;
  readonly usage: readonly LateMeteredUsage[];
}

/** What rating takes of a tenant: a snapshot, so that later changes of the tenant do not reach an old invoice. */
export type RatedTenant = Pick<Tenant, 'currency' | 'timeZone' | 'buyer' | 'billTo' | 'taxRates' | 'paymentTermsDays'>;

/**
 * Everything that rating sees: plain JSON, stored canonically beside the invoice, so that the same inputs can be rated again.
 */
export interface RatingInputs {
  readonly identity: InvoiceIdentity;
  readonly planVersion: PlanVersion;
  /** The meter versions behind the usage, whole. */
  readonly meters: readonly Meter[];
  readonly tenant: RatedTenant;
  readonly issuer: Party;
  /** The accounting period, half-open. */
  readonly period: { readonly start: InstantText; readonly end: InstantText };
  readonly usage: readonly MeteredUsage[];
  readonly late: readonly LateUsage[];
  /** The invoice that this one corrects. */
  readonly corrects: string | null;
}

/** A draft, or everything that keeps the inputs from being billed, as sentences for an operator. */
export type RatingResult = { readonly content: InvoiceContent } | { readonly problems: readonly string[] };
