import type { Coupon } from '../domain/coupon.ts';
import type { InstantText } from '../domain/instant.ts';
import type { Discount } from '../domain/plan.ts';
import type { Queryable } from '../ledger/database.ts';
import { InvoiceError } from './invoice-error.ts';
import { instantExpression } from './invoice-record.ts';
import { CLAIMS_COUNT } from './live-claims.ts';
import { lockPayers } from './lock-payers.ts';

/** A coupon that a tenant was given. */
export interface CouponApplication {
  /** `cpn_…` */
  readonly id: string;
  readonly tenant: string;
  readonly coupon: Coupon;
  /** Half-open: it is on the bills of periods that touch it. */
  readonly from: InstantText;
  readonly to: InstantText | null;
  /** How many live bills, drafts too, it took something off. */
  readonly uses: number;
}

/** One bill has at most so many of them: more are a mistake, and a bill that left some out would ask for too much. */
export const COUPONS_OF_BILL_MAX = 100;

/** The uses of other bills than this one; `null` counts all. Lowered to one for each occasion: revisions are one bill. */
function selectApplications(occasion: string): string {
  return `
    select a.id, a.tenant, k.definition || jsonb_build_object('key', k.key) as coupon,
      ${instantExpression('a.valid_from')} as "from", ${instantExpression('a.valid_to')} as "to", (
        select count(distinct i.occasion) from invoice_claim c join invoice i on i.id = c.invoice
        where c.kind = 'coupon' and c.reference = a.id and ${CLAIMS_COUNT}
          and i.occasion is distinct from ${occasion}
      )::integer as uses
    from coupon_application a join coupon k on k.key = a.coupon`;
}

/** That an application `given` is not used up. */
const IS_LEFT = `given.uses < coalesce((given.coupon->>'periods')::integer, given.uses + 1)`;

/** Gives a tenant a coupon. Answers whether it was new: the same one may be there from the same instant on. */
export async function insertApplication(
  client: Queryable,
  application: { readonly id: string; readonly tenant: string; readonly coupon: string; readonly from: InstantText },
  createdAt: InstantText,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into coupon_application (id, tenant, coupon, valid_from, created_at)
     values ($1::text, $2::text, $3::text, $4::timestamptz, $5::timestamptz)
     on conflict (tenant, coupon, valid_from) do nothing`,
    [application.id, application.tenant, application.coupon, application.from, createdAt],
  );
  return rowCount === 1;
}

/**
 * Refuses a coupon that was just given where a bill could have more than one can. Locks the tenant, as a rating does: what is counted stays
 * true until the caller's transaction ends. Throws `InvoiceError` `too_many_coupons`.
 */
export async function requireRoomForCoupon(
  client: Queryable,
  tenant: string,
  max = COUPONS_OF_BILL_MAX,
): Promise<void> {
  await lockPayers(client, [tenant]);
  const { rows } = await client.query<{ held: number }>(
    `select count(*)::integer as held from (${selectApplications('null')}
       left join gate g on g.tenant = a.tenant
       where a.tenant = $1::text and (a.valid_to is null or a.valid_to > coalesce(g.sealed_through, '-infinity'))
     ) as given
     where ${IS_LEFT}`,
    [tenant],
  );
  if ((rows[0]?.held ?? 0) <= max) return;
  throw new InvoiceError(
    'too_many_coupons',
    `tenant ${tenant} holds ${max} coupons, as many as a bill can have: end some with \`tollkeeper coupons end\`; they count until their last period is sealed`,
  );
}

/** Ends a tenant's coupon. Answers whether it moved its end: an ended one keeps the end that it has. */
export async function endApplication(client: Queryable, id: string, at: InstantText): Promise<boolean> {
  const { rowCount } = await client.query(
    `update coupon_application set valid_to = greatest(valid_from, $2::timestamptz)
     where id = $1::text and valid_to is null`,
    [id, at],
  );
  return rowCount === 1;
}

/** One application; `undefined` where the tenant has none with this id. */
export async function readApplication(
  db: Queryable,
  tenant: string,
  id: string,
): Promise<CouponApplication | undefined> {
  const { rows } = await db.query<CouponApplication>(
    `${selectApplications('null')} where a.tenant = $1::text and a.id = $2::text`,
    [tenant, id],
  );
  return rows[0];
}

/** A page of a tenant's coupons, in order of their beginning. @param after the last id of the page before */
export async function listApplications(
  db: Queryable,
  { tenant, after, limit }: { readonly tenant: string; readonly after: string | null; readonly limit: number },
): Promise<readonly CouponApplication[]> {
  const { rows } = await db.query<CouponApplication>(
    `${selectApplications('null')}
     where a.tenant = $1::text and ($2::text is null
       or (a.valid_from, a.id) > (select b.valid_from, b.id from coupon_application b where b.id = $2::text))
     order by a.valid_from, a.id limit $3::integer`,
    [tenant, after, limit],
  );
  return rows;
}

/** A coupon of a charge as a bill had it, in the form that rating takes it. */
export interface ChargeCoupon {
  readonly id: string;
  readonly description: string;
  readonly discount: Discount;
  readonly charge: string;
}

/**
 * Coupons of charges that late usage of a bill's period has: those that held for that bill, in their order. One for so many periods counts only
 * where it took something off there, for else its periods are others.
 */
export async function readChargeCoupons(db: Queryable, invoiceId: string): Promise<readonly ChargeCoupon[]> {
  const { rows } = await db.query<{ coupon: ChargeCoupon }>(
    `select held.coupon
     from invoice i
     cross join lateral jsonb_array_elements(i.inputs::jsonb -> 'coupons') with ordinality as held (coupon, place)
     join coupon_application a on a.id = held.coupon ->> 'id'
     join coupon k on k.key = a.coupon
     where i.id = $1::text and held.coupon ? 'charge' and (
       k.definition -> 'periods' is null
       or exists (select from invoice_claim c where c.invoice = i.id and c.kind = 'coupon' and c.reference = a.id)
     )
     order by held.place`,
    [invoiceId],
  );
  return rows.map(({ coupon }) => coupon);
}

/**
 * Coupons that hold for a bill: given for a time that touches its period, and not used up by others; one more than a bill can have, where there
 * are more. Lock the tenant first.
 */
export async function readHoldingCoupons(
  db: Queryable,
  bill: {
    readonly tenant: string;
    readonly periodStart: InstantText;
    readonly periodEnd: InstantText;
    readonly occasion: string;
  },
): Promise<readonly CouponApplication[]> {
  const { rows } = await db.query<CouponApplication>({
    name: 'read_holding_coupons',
    text: `select * from (${selectApplications('$4::text')}
       where a.tenant = $1::text and a.valid_from < $3::timestamptz
         and (a.valid_to is null or a.valid_to > $2::timestamptz)
     ) as given
     where ${IS_LEFT}
     order by given."from"::timestamptz, given.id limit $5::integer`,
    values: [bill.tenant, bill.periodStart, bill.periodEnd, bill.occasion, COUPONS_OF_BILL_MAX + 1],
  });
  return rows;
}
