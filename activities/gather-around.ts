import type { InvoiceIdentity } from '../src/domain/invoice.ts';
import { type CouponApplication, readHoldingCoupons } from '../src/invoice/coupon-applications.ts';
import { readDrawableCredits } from '../src/invoice/credit-grants.ts';
import { invoiceId } from '../src/invoice/invoice-digests.ts';
import { lockPayers } from '../src/invoice/lock-payers.ts';
import { readUnbilledOneOffs } from '../src/invoice/one-off-charges.ts';
import type { Queryable } from '../src/ledger/database.ts';
import type { AppliedCoupon, CreditGrant, RatingInputs } from '../src/rating/inputs.ts';

/** What stands around the prices of a bill. */
export type GatheredAround = { readonly inputs: RatingInputs } | { readonly problems: readonly string[] };

/**
 * Adds what only one bill may have: charges made once, coupons and credits. It locks tenant and payer until the transaction ends,
 * which must save the draft: so no two ratings are given the same. Call it last, so that the locks are held for a short time.
 */
export async function gatherAround(client: Queryable, inputs: RatingInputs): Promise<GatheredAround> {
  const { identity, tenant, period } = inputs;
  await lockPayers(client, [identity.tenant, tenant.billTo]);
  const bill = {
    tenant: identity.tenant,
    occasion: identity.occasion,
    periodStart: period.start,
    periodEnd: period.end,
  };
  const oneOffs = await readUnbilledOneOffs(client, bill);
  const applications = await readHoldingCoupons(client, bill);
  const credits = await readDrawableCredits(client, {
    payer: tenant.billTo,
    currency: tenant.currency,
    periodEnd: period.end,
    invoiceId: invoiceId(identity),
  });
  const foreign = applications.filter(({ coupon }) => (coupon.currency ?? tenant.currency) !== tenant.currency);
  if (foreign.length > 0) return { problems: foreign.map((one) => foreignCoupon(one, identity, tenant.currency)) };
  return {
    inputs: {
      ...inputs,
      ...(oneOffs.length === 0
        ? {}
        : { oneOffs: oneOffs.map(({ id, description, amount, at }) => ({ id, description, amount, at })) }),
      ...(applications.length === 0 ? {} : { coupons: applications.map(appliedCoupon) }),
      ...(credits.length === 0 ? {} : { grants: credits.map(creditGrant) }),
    },
  };
}

function foreignCoupon({ coupon, id }: CouponApplication, { tenant }: InvoiceIdentity, currency: string): string {
  return `coupon ${coupon.key} is in ${coupon.currency}, tenant ${tenant} is billed in ${currency}: end its application ${id}`;
}

function appliedCoupon({ id, coupon: { name, discount, charge } }: CouponApplication): AppliedCoupon {
  return { id, description: name, discount, ...(charge === undefined ? {} : { charge }) };
}

type DrawableCredit = Awaited<ReturnType<typeof readDrawableCredits>>[number];

function creditGrant({ id, reason, kind, priority, expiresAt, grantedAt, balanceMinor }: DrawableCredit): CreditGrant {
  return { id, description: reason, kind, priority, expiresAt, grantedAt, balanceMinor };
}
