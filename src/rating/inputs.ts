import type { AskedOfBill } from '../domain/asked-of-bill.ts';
import type { InstantText } from '../domain/instant.ts';
import type { InvoiceContent, InvoiceIdentity, LineProvenance } from '../domain/invoice.ts';
import type { Meter } from '../domain/meter.ts';
import type { Discount, PlanVersion } from '../domain/plan.ts';
import type { PeriodLength } from '../domain/period-length.ts';
import type { Party, Tenant } from '../domain/tenant.ts';
import type { FeePeriod } from './proration.ts';

/** Usage of some values of dimensions, in one hour or day, or both, as a charge asks for it. */
export interface UsagePart {
  /** By dimension; a dimension that the events did not have is not there. */
  readonly values: Readonly<Record<string, string>>;
  /** Where the hour or day begins; `null` where the charge does not ask for time. */
  readonly bucket: InstantText | null;
  /** Whole units, a plain decimal, by the meter's aggregation. */
  readonly quantity: string;
  readonly eventCount: string;
}

/** What one charge is priced on: usage that its filter leaves. */
export interface UsageFigures {
  /** Whole units, a plain decimal, by the meter's aggregation. */
  readonly quantity: string;
  /** Where the charge reads parts (`readingOf`): by bucket, then values in the order of their canonical JSON. */
  readonly parts?: readonly UsagePart[];
  /** Where the charge reads events: their values in the order of the journal, equal ones in a row as one value and how many. */
  readonly amounts?: readonly (readonly [value: string, times: number])[];
}

/** The usage of one charge as the ledger sums it. */
export interface ChargeUsage extends UsageFigures {
  /** Its key. */
  readonly charge: string;
  readonly eventCount: string;
  readonly ledgerRange: LineProvenance['ledgerRange'];
}

/** Usage of one charge that came after its period was billed. */
export interface LateChargeUsage {
  readonly charge: string;
  /** What that period's usage was when it was last billed, and what it is with the late events. */
  readonly before: UsageFigures;
  readonly after: UsageFigures;
  /** Of the late events alone. */
  readonly eventCount: string;
  readonly ledgerRange: LineProvenance['ledgerRange'];
}

/** The late usage of one span of a sealed period, billed as the difference it makes. */
export interface LateUsage {
  readonly usagePeriodStart: InstantText;
  readonly usagePeriodEnd: InstantText;
  /** The full period that fees of that one were for, where it was shortened; left out: itself. */
  readonly feePeriod?: FeePeriod;
  /** Which part of that period; left out: all of it. */
  readonly span?: { readonly from: InstantText; readonly to: InstantText };
  /** The plan version that governed it, whole. */
  readonly planVersion: PlanVersion;
  /** What is used in a trial costs nothing, late or not. */
  readonly trial?: true;
  /** The invoice that billed that period; `null` when none did. */
  readonly billedInvoiceId: string | null;
  /** Of the plan's fixed quantities, as `RatedSpan` has them: bounds of the plan may cover them. Left out: none. */
  readonly quantities?: readonly HeldQuantity[];
  /** As `RatedSpan` has them. Left out: none. */
  readonly privatePrices?: NonNullable<RatedSpan['privatePrices']>;
  /**
   * Coupons of charges that the bill of the period had, in the order in which they were taken off; then `usage` names their charges in
   * every span. Left out: none.
   */
  readonly coupons?: readonly AppliedCoupon[];
  readonly usage: readonly LateChargeUsage[];
}

/** How many of a fixed quantity the tenant held in a part of a span. */
export interface HeldQuantity {
  /** The key of the fixed quantity in the plan version. */
  readonly key: string;
  /** Half-open. */
  readonly from: InstantText;
  readonly to: InstantText;
  /** A plain decimal. */
  readonly quantity: string;
}

/**
 * A fee with a cadence of its own (`every`) in one of its own periods. Charged on the bill in whose span its part begins (`advance`), and
 * given back for what is left where it ends before its own period does; in arrears, charged where its part ends. A part that ends with the
 * accounting period, while the tenant goes on, is one of `endedPlans` of the next bill.
 */
export interface FeeSpan {
  readonly every: PeriodLength;
  /** The whole fee period, half-open. */
  readonly period: { readonly start: InstantText; readonly end: InstantText };
  /** The part of it for which the plan version holds. Where it goes on behind the accounting period: to the end of the fee's own. Half-open. */
  readonly from: InstantText;
  readonly to: InstantText;
  /** Of fixed quantities with this cadence, from the part's beginning to where it or the span ends. Left out: none is held. */
  readonly quantities?: readonly HeldQuantity[];
}

/** A plan version that ended at the instant at which the accounting period begins, with its fees that are for longer. */
export interface EndedPlan {
  readonly planVersion: PlanVersion;
  readonly fees: readonly FeeSpan[];
}

/** A part of the period under one plan version. Usage belongs to the span that its events' own time falls into. */
export interface RatedSpan {
  /** Half-open. */
  readonly from: InstantText;
  readonly to: InstantText;
  readonly planVersion: PlanVersion;
  /** In a trial nothing is due: no fee, and usage is shown and costs nothing. */
  readonly trial?: true;
  /** Of the plan's fixed quantities, in order of time; where there is nothing said of one, none is held. Left out: none at all. */
  readonly quantities?: readonly HeldQuantity[];
  /** Of every cadence that fees of the plan version have of their own, in order of time: those that reach into the span. Left out: none. */
  readonly fees?: readonly FeeSpan[];
  /** Charges of the plan version that are the tenant's own, in place of the plan's, and since when. Left out: none. */
  readonly privatePrices?: readonly { readonly charge: string; readonly from: InstantText }[];
  /** By charge; a charge that is not there was not used. */
  readonly usage: readonly ChargeUsage[];
}

/** What rating takes of a tenant: a snapshot, so that later changes of the tenant do not reach an old invoice. */
export type RatedTenant = Pick<
  Tenant,
  'currency' | 'timeZone' | 'buyer' | 'billTo' | 'taxRates' | 'taxesIncluded' | 'taxExemption' | 'paymentTermsDays'
>;

/** A charge that is made once, whatever is used. */
export interface OneOffCharge {
  readonly id: string;
  readonly description: string;
  /** Major units, a plain decimal; rounded on its line. */
  readonly amount: string;
  readonly at: InstantText;
}

/** A coupon that the tenant was given, where it still holds for the period. */
export interface AppliedCoupon {
  /** Of the application, not of the coupon: the same one may be given twice. */
  readonly id: string;
  readonly description: string;
  /** Amounts are in the tenant's currency. */
  readonly discount: Discount;
  /** The key of the charge that it is on; left out: on the whole invoice. */
  readonly charge?: string;
}

/** An earlier bill that charged fees of which this one may give something back. */
export interface FeeBill {
  /** Its billing period, half-open: it charged what fell due in it. */
  readonly start: InstantText;
  readonly end: InstantText;
  /** The invoice that stands for that period; `null`: it was rejected or made void, and nothing was charged. */
  readonly invoiceId: string | null;
  /** What it asked for of what it charged; `null` where no invoice stands. */
  readonly asked: AskedOfBill | null;
}

/** Credit that may pay the invoice. */
export interface CreditGrant {
  readonly id: string;
  readonly description: string;
  /** `carried`: left by an invoice with a negative total, and drawn before everything that was granted. */
  readonly kind: 'granted' | 'carried';
  /** Lower ones are drawn first. */
  readonly priority: number;
  /** Not drawn by bills of periods that end after it; `null`: it does not expire. */
  readonly expiresAt: InstantText | null;
  readonly grantedAt: InstantText;
  /** What is left of it, minor units as a decimal string. */
  readonly balanceMinor: string;
}

/** A bill of the same period that was issued before this one. */
export interface EarlierBill {
  readonly invoiceId: string;
  /** What it billed, by the keys of charges and `base`. Minor units. */
  readonly amounts: readonly { readonly key: string; readonly amountMinor: string }[];
}

/**
 * Everything that rating sees: plain JSON, stored canonically beside the invoice, so that the same inputs can be rated again.
 */
export interface RatingInputs {
  readonly identity: InvoiceIdentity;
  /** The meter versions behind the usage, whole. */
  readonly meters: readonly Meter[];
  readonly tenant: RatedTenant;
  readonly issuer: Party;
  /** The accounting period, half-open. */
  readonly period: { readonly start: InstantText; readonly end: InstantText };
  /**
   * The full period that fees are for: it goes on behind the accounting period where that is cut by the tenant's end, and begins before
   * one that a change of the tenant's calendar has shortened.
   */
  readonly feePeriod: { readonly start: InstantText; readonly end: InstantText };
  /** In order of time, without overlap; at least one. */
  readonly spans: readonly RatedSpan[];
  /** Of plans that are held beside that, by plan and then in order of time. Left out: none. */
  readonly addOns?: readonly RatedSpan[];
  /** Plan versions, of add-ons too, of which fees with a cadence of their own are settled here. Left out: none. */
  readonly endedPlans?: readonly EndedPlan[];
  readonly late: readonly LateUsage[];
  /** Bills of the same period before this one. */
  readonly earlier: readonly EarlierBill[];
  /** Whether no further bill of the period follows: only then is what is missing to a minimum or commitment charged. */
  readonly isLast: boolean;
  /** The invoice that this one corrects. */
  readonly corrects: string | null;
  /** The period after this one, where there is one, with the plan at its start. Its base fee may be due in advance. */
  readonly next?: {
    readonly start: InstantText;
    readonly end: InstantText;
    /** Where the full period that its fee is for would begin and end; left out: at its own start and end. */
    readonly feeStart?: InstantText;
    readonly feeEnd?: InstantText;
    readonly planVersion: PlanVersion;
  };
  /**
   * What an earlier invoice billed in advance for this period, minor units, and what it asked for of what it charged. That is left out in inputs
   * from before it was regarded: then all is given back as it was charged.
   */
  readonly billedAhead?: { readonly invoiceId: string; readonly amountMinor: string; readonly asked?: AskedOfBill };
  /**
   * Earlier bills that charged fees of which this one may give something back, in order of time. Left out: none; what fell due in the period
   * of none of them is given back as it was charged, and today's coupons are on that too.
   */
  readonly feeBills?: readonly FeeBill[];
  /** In the order of their lines. Left out: none, as are the two below. */
  readonly oneOffs?: readonly OneOffCharge[];
  /** In the order in which they are taken off. */
  readonly coupons?: readonly AppliedCoupon[];
  /** Of the payer, in any order. */
  readonly grants?: readonly CreditGrant[];
}

/** A draft, or everything that keeps the inputs from being billed, as sentences for an operator. */
export type RatingResult = { readonly content: InvoiceContent } | { readonly problems: readonly string[] };
