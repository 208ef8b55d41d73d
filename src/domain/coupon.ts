import type { CurrencyCode } from './money.ts';
import type { Discount } from './plan.ts';

/** Something off the bills of the tenants that it is given to. Never changes: another discount is another coupon. */
export interface Coupon {
  /** `PLAN_KEY_PATTERN`. */
  readonly key: string;
  /** As the invoice shows it. */
  readonly name: string;
  readonly discount: Discount;
  /** Of a fixed amount. Left out where it is a percentage. */
  readonly currency?: CurrencyCode;
  /** The key of the charge that it is on. Left out: on the whole invoice. */
  readonly charge?: string;
  /** On so many bills that it takes something off. Left out: on all of them. */
  readonly periods?: number;
}
