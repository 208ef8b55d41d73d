import type { Coupon } from '../domain/coupon.ts';
import type { InstantText } from '../domain/instant.ts';

/** Credit to give. */
export interface CreditInput {
  /** Major units of the tenant's currency: `"50.00"`. */
  readonly amount: string;
  /** Lower ones are drawn first; 0 when absent. */
  readonly priority?: number | undefined;
  /** Bills of periods that end after it do not draw it. Absent: it does not expire. */
  readonly expiresAt?: InstantText | null | undefined;
  /** Shown on the invoices that it pays. */
  readonly reason: string;
}

/** Credit of a tenant and what is left of it. Amounts are minor units. */
export interface CreditView {
  /** `crd_…` */
  readonly id: string;
  readonly tenant: string;
  /** `carried`: left by an invoice with a negative total. */
  readonly kind: 'granted' | 'carried';
  readonly amountMinor: string;
  readonly currency: string;
  readonly priority: number;
  readonly expiresAt: InstantText | null;
  readonly reason: string;
  readonly sourceInvoice: string | null;
  readonly grantedAt: InstantText;
  /** Not drawn by an issued invoice. */
  readonly balanceMinor: string;
  /** Of it, what drafts and held invoices are about to draw. */
  readonly claimedMinor: string;
}

/** A page of credits, and what the tenant has in all that has not expired. */
export interface CreditPage {
  readonly data: readonly CreditView[];
  readonly nextCursor: string | null;
  readonly balances: readonly { readonly currency: string; readonly balanceMinor: string }[];
}

/** A charge to make once. */
export interface OneOffInput {
  /** Your own: one charge for one key. */
  readonly key: string;
  readonly description: string;
  /** Major units of the tenant's currency: `"99.50"`. */
  readonly amount: string;
  /** On the first bill of a period that ends after it. Absent: now. */
  readonly at?: InstantText | undefined;
}

/** A charge that is made once. */
export interface OneOffView {
  /** `one_…` */
  readonly id: string;
  readonly tenant: string;
  readonly key: string;
  readonly description: string;
  readonly amount: string;
  readonly at: InstantText;
  /** Since when no bill is to have it any more; `null`: it stands. */
  readonly cancelledAt: InstantText | null;
  /** The invoice, perhaps still a draft, that has it. Only in lists. */
  readonly invoiceId?: string | null;
}

/** A coupon that a tenant was given. */
export interface CouponApplicationView {
  /** `cpn_…` */
  readonly id: string;
  readonly tenant: string;
  readonly coupon: Coupon;
  /** Half-open: it is on the bills of periods that touch it. */
  readonly from: InstantText;
  readonly to: InstantText | null;
  /** How many bills, drafts too, it took something off. */
  readonly uses: number;
}
