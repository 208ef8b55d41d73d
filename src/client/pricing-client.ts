import type { Page, PageQuery } from './page-types.ts';
import type * as Calendar from './calendar-types.ts';
import type * as Credits from './credit-types.ts';
import type * as Pricing from './pricing-types.ts';
import { path, RequestingClient, withQuery } from './requesting-client.ts';
import type * as Timeline from './timeline-types.ts';

/** What is done with prices: plans and quantities of tenants, credits, coupons, charges made once, and bills that are not made. */
export abstract class PricingClient extends RequestingClient {
  /** Brings a tenant under another plan version from an instant on, or with `dryRun` answers what that would mean. */
  changePlan(tenant: string, change: Timeline.PlanChangeInput): Promise<Timeline.PlanChangeView> {
    return this.#changeOrShow(path`/v1/tenants/${tenant}/plan`, change);
  }

  /** Gives a tenant an add-on from an instant on, or with `dryRun` answers what that would mean. */
  addAddOn(tenant: string, change: Timeline.AddOnInput): Promise<Timeline.AddOnChangeView> {
    return this.#changeOrShow(path`/v1/tenants/${tenant}/add-ons`, change);
  }

  /** Takes an add-on from a tenant from an instant on, or with `dryRun` answers what that would mean. */
  endAddOn(tenant: string, addOn: string, change: Timeline.EndInput = {}): Promise<Timeline.AddOnChangeView> {
    return this.#changeOrShow(path`/v1/tenants/${tenant}/add-ons/${addOn}/end`, change);
  }

  /** Gives a tenant a price of its own from an instant on, or with `dryRun` answers what that would mean. */
  setPrice(tenant: string, change: Timeline.PriceInput): Promise<Timeline.PriceChangeView> {
    return this.#changeOrShow(path`/v1/tenants/${tenant}/prices`, change);
  }

  /** Ends a price of a tenant's own: from an instant on the plan's holds again. @param charge its key */
  endPrice(tenant: string, charge: string, change: Timeline.EndInput = {}): Promise<Timeline.PriceChangeView> {
    return this.#changeOrShow(path`/v1/tenants/${tenant}/prices/${charge}/end`, change);
  }

  /** Changes how many of a fixed quantity a tenant holds from an instant on, or with `dryRun` answers what that would mean. */
  setQuantity(tenant: string, name: string, change: Timeline.QuantityInput): Promise<Timeline.QuantityChangeView> {
    return this.#changeOrShow(path`/v1/tenants/${tenant}/quantities/${name}`, change);
  }

  /** Changes what a tenant's periods are counted from, from the end of one of them on, or with `dryRun` answers what they would be. */
  setAnchor(tenant: string, change: Calendar.AnchorInput): Promise<Calendar.AnchorChangeView> {
    return this.#changeOrShow(path`/v1/tenants/${tenant}/billing-anchor`, change);
  }

  /** Moves a page of tenants to a newer version of their plan, or with `dryRun` shows who would pay what. Ask again while there is a `nextCursor`. */
  migratePlan(plan: string, page: Timeline.MigrationInput): Promise<Timeline.MigrationPage> {
    return this.#changeOrShow(path`/v1/plans/${plan}/migrate`, page);
  }

  #changeOrShow<T>(route: string, { dryRun, ...change }: { readonly dryRun?: boolean | undefined }): Promise<T> {
    return this.change('POST', withQuery(route, { dryRun: dryRun || undefined }), change);
  }

  /** Gives a tenant credit, which pays the invoices that are billed to it. */
  giveCredit(tenant: string, credit: Credits.CreditInput): Promise<Credits.CreditView> {
    return this.change('POST', path`/v1/tenants/${tenant}/credits`, credit);
  }

  /** A tenant's credits, the oldest first, also those that are used up. */
  listCredits(tenant: string, query: PageQuery = {}): Promise<Credits.CreditPage> {
    return this.get(path`/v1/tenants/${tenant}/credits`, { ...query });
  }

  /** Takes back what is left of a credit. @param id `crd_…` */
  withdrawCredit(tenant: string, id: string, reason: string): Promise<Credits.CreditView> {
    return this.change('POST', path`/v1/tenants/${tenant}/credits/${id}/withdraw`, { reason });
  }

  /** Charges a tenant once, on its next bill. */
  chargeOnce(tenant: string, charge: Credits.OneOffInput): Promise<Credits.OneOffView> {
    return this.change('POST', path`/v1/tenants/${tenant}/one-offs`, charge);
  }

  /** Charges that were made once, in order of time. */
  listOneOffs(tenant: string, query: PageQuery = {}): Promise<Page<Credits.OneOffView>> {
    return this.get(path`/v1/tenants/${tenant}/one-offs`, { ...query });
  }

  /** Cancels a charge that no invoice has yet. @param name its id, or the key that it was made under */
  cancelOneOff(tenant: string, name: string, reason: string): Promise<Credits.OneOffView> {
    return this.change('DELETE', withQuery(path`/v1/tenants/${tenant}/one-offs/${name}`, { reason }));
  }

  /** Gives a tenant a coupon of the catalogue. @param from when it begins; now when absent */
  giveCoupon(tenant: string, coupon: string, from?: string): Promise<Credits.CouponApplicationView> {
    return this.change('POST', path`/v1/tenants/${tenant}/coupons`, { coupon, from });
  }

  /** The coupons that a tenant was given, in order of their beginning. */
  listCoupons(tenant: string, query: PageQuery = {}): Promise<Page<Credits.CouponApplicationView>> {
    return this.get(path`/v1/tenants/${tenant}/coupons`, { ...query });
  }

  /** Ends a tenant's coupon: bills of later periods do not have it. @param id `cpn_…` */
  endCoupon(tenant: string, id: string, reason: string): Promise<Credits.CouponApplicationView> {
    return this.change('POST', path`/v1/tenants/${tenant}/coupons/${id}/end`, { reason });
  }

  /** What usage, or a past period of a tenant, would be billed by a plan. Nothing is written. */
  simulate(question: Pricing.SimulateInput): Promise<Pricing.SimulatedBillView> {
    return this.ask('/v1/pricing/simulate', question);
  }

  /** A page of tenants: what each was billed for a period, and what it would have been by a plan. Nothing is written. */
  comparePlan(question: Pricing.CompareInput): Promise<Pricing.ComparePage> {
    return this.ask('/v1/pricing/compare', question);
  }
}
