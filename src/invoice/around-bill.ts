import type { InstantText } from '../domain/instant.ts';
import type { InvoiceIdentity } from '../domain/invoice.ts';
import type { CurrencyCode } from '../domain/money.ts';
import type { Queryable } from '../ledger/database.ts';
import { type CouponApplication, COUPONS_OF_BILL_MAX, readHoldingCoupons } from './coupon-applications.ts';
import { type CreditBalance, readDrawableCredits } from './credit-grants.ts';
import { invoiceId } from './invoice-digests.ts';
import { type OneOffRecord, readUnbilledOneOffs } from './one-off-charges.ts';

/** Which bill: of whom, for what, paid by whom. */
export interface BillToCome {
  readonly identity: InvoiceIdentity;
  readonly period: { readonly start: InstantText; readonly end: InstantText };
  readonly billTo: string;
  readonly currency: CurrencyCode;
}

/** What a bill would have, in the form that rating takes it; left out where there is none of it. */
export interface AroundBill {
  readonly oneOffs?: readonly Pick<OneOffRecord, 'id' | 'description' | 'amount' | 'at'>[];
  readonly coupons?: readonly ReturnType<typeof appliedCoupon>[];
  readonly grants?: readonly ReturnType<typeof creditGrant>[];
}

/**
 * What stands around the prices of a bill, in the form that rating takes it: charges made once, coupons and credits that no other live
 * bill has. What there is none of is left out. Without the locks of `lockPayers` it is what the bill would have now. Its statements are
 * prepared: mostly there is nothing, and planning them took forty times as long as finding that out.
 *
 * Answers problems where a coupon is in another currency than the bill, and where the bill would have more coupons, or the last bill more
 * charges, than one can have.
 */
export async function readAroundBill(
  db: Queryable,
  bill: BillToCome,
): Promise<{ readonly around: AroundBill } | { readonly problems: readonly string[] }> {
  const { identity, period, billTo: payer, currency } = bill;
  const { tenant, occasion } = identity;
  const periodEnd = period.end;
  const applications = await readHoldingCoupons(db, { tenant, occasion, periodStart: period.start, periodEnd });
  if (applications.length > COUPONS_OF_BILL_MAX) return { problems: [tooManyCoupons(tenant)] };
  const foreign = applications.filter(({ coupon }) => (coupon.currency ?? currency) !== currency);
  if (foreign.length > 0) return { problems: foreign.map((one) => foreignCoupon(one, bill)) };
  const unbilled = await readUnbilledOneOffs(db, { tenant, occasion, periodEnd });
  if ('problem' in unbilled) return { problems: [unbilled.problem] };
  const { oneOffs } = unbilled;
  const credits = await readDrawableCredits(db, { payer, currency, periodEnd, invoiceId: invoiceId(identity) });
  return {
    around: {
      ...(oneOffs.length === 0
        ? {}
        : { oneOffs: oneOffs.map(({ id, description, amount, at }) => ({ id, description, amount, at })) }),
      ...(applications.length === 0 ? {} : { coupons: applications.map(appliedCoupon) }),
      ...(credits.length === 0 ? {} : { grants: credits.map(creditGrant) }),
    },
  };
}

function tooManyCoupons(tenant: string): string {
  return `tenant ${tenant} has more than ${COUPONS_OF_BILL_MAX} coupons that hold for the period: end some of them`;
}

function foreignCoupon({ tenant, coupon, id }: CouponApplication, { currency }: BillToCome): string {
  return `coupon ${coupon.key} is in ${coupon.currency}, tenant ${tenant} is billed in ${currency}: end its application ${id}`;
}

function appliedCoupon({ id, coupon: { name, discount, charge } }: CouponApplication) {
  return { id, description: name, discount, ...(charge === undefined ? {} : { charge }) };
}

function creditGrant({ id, reason, kind, priority, expiresAt, grantedAt, balanceMinor }: CreditBalance) {
  return { id, description: reason, kind, priority, expiresAt, grantedAt, balanceMinor };
}
