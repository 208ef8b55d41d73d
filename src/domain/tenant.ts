import type { InstantText } from './instant.ts';
import type { CurrencyCode } from './money.ts';
import type { PeriodLength } from './period-length.ts';
import type { Limit } from './plan.ts';

/** A tax that is added to what is left after discounts. Several taxes share one base: they do not compound. */
export interface TaxRate {
  readonly name: string;
  /** Percent, a plain decimal: `"8.25"`. */
  readonly percent: string;
}

/** Who an invoice is from or to, as printed on it. */
export interface Party {
  readonly name: string;
  readonly addressLines: readonly string[];
  readonly email?: string;
  readonly taxIds: readonly string[];
}

/** The customer that is metered and billed. */
export interface Tenant {
  /** `TENANT_PATTERN`. */
  readonly id: string;
  readonly name: string;
  readonly currency: CurrencyCode;
  /** IANA name. The billing calendar and usage by hour and day follow it. */
  readonly timeZone: string;
  /** Events before it are `tenant_closed`; the billing anchor: periods begin here and at every later clamp of it. */
  readonly billingStart: InstantText;
  /** Events at or after it are `tenant_closed`; the last period ends here. */
  readonly endsAt: InstantText | null;
  readonly periodLength: PeriodLength;
  /** How long after a period's end an event of that period is still taken into it. */
  readonly lateWindowSeconds: number;
  /** So many days of its calendar after its billing start, nothing is due: usage is counted and costs nothing. Left out: none. */
  readonly trialDays?: number;
  readonly taxRates: readonly TaxRate[];
  /** All amounts contain the taxes already, which are taken out of them instead of added. Left out: taxes are added. */
  readonly taxesIncluded?: true;
  /** Why no tax is due, as printed on invoices; then the rates are not applied. Left out: they are. */
  readonly taxExemption?: string;
  /** Days from issue to due date. */
  readonly paymentTermsDays: number;
  /** The tenant that pays; itself by default. */
  readonly billTo: string;
  readonly buyer: Party;
  /** A paused tenant is metered but not billed until it is resumed. */
  readonly paused: boolean;
  /** The tenant's own: in place of its plan's limit on the same meter, window and dimension, or beside the plan's. */
  readonly limits: readonly Limit[];
}
