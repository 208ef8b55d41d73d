import type { InstantText } from './instant.ts';
import type { CurrencyCode } from './money.ts';
import type { Party, TaxRate } from './tenant.ts';

/** What an invoice is for. Only `cycle` is written today; the others are names the tables already take. */
export type InvoiceKind = 'cycle' | 'advance' | 'interim' | 'one_off' | 'credit_note';

/**
 * `draft` (rated, not yet binding) → `held` (waits for a person) or `issued` → `paid`, `overdue`, `uncollectible`, `void`.
 * `rejected` ends a held draft. The allowed moves are one table in `src/invoice/status-moves.ts`.
 */
export type InvoiceStatus = 'draft' | 'held' | 'rejected' | 'issued' | 'overdue' | 'paid' | 'uncollectible' | 'void';

/** What prevents a second invoice: PostgreSQL holds one row per identity. */
export interface InvoiceIdentity {
  readonly tenant: string;
  readonly kind: InvoiceKind;
  /** For a cycle: the start of its accounting period, RFC 3339. */
  readonly occasion: string;
  /** 0 for the first; a re-run writes the next one. */
  readonly revision: number;
}

/** Where a line came from: enough to find every event behind it and to repeat the arithmetic by hand. */
export interface LineProvenance {
  readonly charge: string | null;
  readonly planKey: string;
  readonly planVersion: number;
  readonly meter: string | null;
  readonly meterVersion: number | null;
  /** The usage window, half-open. */
  readonly from: InstantText;
  readonly to: InstantText;
  readonly usagePeriodStart: InstantText;
  readonly accountingPeriodStart: InstantText;
  readonly eventCount: string;
  /** First and last `<epoch>-<sequence>` of the shard's journal behind the line; `null` without events. */
  readonly ledgerRange: { readonly shard: number; readonly first: string; readonly last: string } | null;
  /** On late usage: the invoice that billed its period; `null` when none did. */
  readonly billedInvoiceId?: string | null;
  /** On a one-off charge: its id. */
  readonly oneOff?: string;
  /** On what a coupon takes off: the id of its application to the tenant. */
  readonly coupon?: string;
  /** On a charge that is the tenant's own, in place of the plan's: since when. */
  readonly privatePriceFrom?: InstantText;
}

/** One step of a line's arithmetic, as data and as a sentence. */
export interface LineStep {
  readonly step: string;
  readonly sentence: string;
  /** A plain decimal, or `numerator/denominator` where no decimal is exact. */
  readonly amount: string;
}

/** One line: its amount, where it came from, and the steps from one to the other. */
export interface InvoiceLine {
  /** Unique in the invoice and the same in every rating of the same inputs: `base`, `charge:<key>`, `late:<period>:<key>`. */
  readonly key: string;
  readonly kind:
    | 'base_fee'
    | 'fixed_quantity'
    | 'usage'
    | 'commitment'
    | 'minimum'
    | 'maximum'
    | 'already_billed'
    | 'late_usage'
    | 'one_off'
    | 'coupon';
  readonly description: string;
  /** Whole units, a plain decimal; `"1"` for fees. */
  readonly quantity: string;
  readonly unit: string;
  /** Major units before rounding: a plain decimal, or `numerator/denominator` where no decimal is exact. */
  readonly exactAmount: string;
  /** Minor units as a decimal string, may be negative. */
  readonly amountMinor: string;
  readonly provenance: LineProvenance;
  readonly steps: readonly LineStep[];
}

/** One tax on the whole invoice. Amounts are minor units as decimal strings. */
export interface TaxLine {
  readonly name: string;
  readonly percent: string;
  readonly taxableMinor: string;
  readonly amountMinor: string;
  /** The amounts of the lines contain it: it is not added to the total. */
  readonly included?: true;
}

/** What a credit pays of an invoice. It lowers what is due, never what is taxed. */
export interface CreditLine {
  /** The id of the grant. */
  readonly grant: string;
  readonly description: string;
  /** Minor units as a decimal string, above zero. */
  readonly amountMinor: string;
}

/**
 * The content of an invoice: what is hashed and frozen on issue. It leaves out number, issue time, due date and random ids,
 * so that the same recorded inputs give the same hash whenever they are rated.
 */
export interface InvoiceContent {
  readonly formatVersion: number;
  readonly ratingVersion: number;
  readonly identity: InvoiceIdentity;
  readonly currency: CurrencyCode;
  readonly issuer: Party;
  readonly buyer: Party;
  readonly billTo: string;
  readonly supplyStart: InstantText;
  readonly supplyEnd: InstantText;
  readonly timeZone: string;
  readonly paymentTermsDays: number;
  readonly taxRates: readonly TaxRate[];
  readonly corrects: string | null;
  readonly lines: readonly InvoiceLine[];
  readonly subtotalMinor: string;
  readonly taxLines: readonly TaxLine[];
  readonly taxMinor: string;
  /** Lines and taxes; may be negative. */
  readonly totalMinor: string;
  /** Why no tax is due; only there when the tenant is exempt. */
  readonly taxExemption?: string;
  /** In the order in which credits were drawn. Missing, like the two below, in contents of format version 1. */
  readonly creditLines?: readonly CreditLine[];
  /** What is left to pay: the total less the credits, never negative. */
  readonly dueMinor?: string;
  /** What a negative total leaves as credit for the next invoice; not negative. */
  readonly carriedMinor?: string;
}

/** What is left to pay of an invoice, minor units. Before there were credits it was the total, where that was not negative. */
export function dueMinorOf({ dueMinor, totalMinor }: Pick<InvoiceContent, 'dueMinor' | 'totalMinor'>): bigint {
  const due = BigInt(dueMinor ?? totalMinor);
  return due < 0n ? 0n : due;
}
