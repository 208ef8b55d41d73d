import type { InstantText } from '../../domain/instant.ts';
import type { LineStep } from '../../domain/invoice.ts';
import type { CurrencyCode } from '../../domain/money.ts';
import type { PriceModel, TimeBucket } from '../../domain/plan.ts';
import type { Exact } from '../exact.ts';
import type { Problem } from '../problem.ts';

/** Usage of some values of dimensions, in one bucket of time, or both. */
export interface BillablePart {
  /** By dimension; a dimension that an event did not have is not there. */
  readonly values: Readonly<Record<string, string>>;
  /** Where the bucket begins; `null` where the price asks for none. */
  readonly bucket: InstantText | null;
  readonly quantity: Exact;
}

/** What a model prices: units as they are billed, converted and, unless they count for the band, without those that are included. */
export interface BillableUsage {
  /** Never negative. */
  readonly quantity: Exact;
  /** Of these, units that choose the band but cost nothing: they fill the lower bands. */
  readonly freeUnits: Exact;
  /** What a model that `reads` parts asked for; in order of bucket and values. */
  readonly parts: readonly BillablePart[];
  /** The values of single events in the order of the journal, for a model that `reads` them. */
  readonly amounts: readonly AmountRun[];
}

/** Equal values of events in a row. */
export interface AmountRun {
  readonly value: Exact;
  /** A whole number above zero. */
  readonly times: number;
}

/** What a model may want to know of usage beside its quantity. */
export type UsageReading =
  | { readonly reads: 'quantity' }
  | { readonly reads: 'events' }
  | { readonly reads: 'parts'; readonly dimensions: readonly string[]; readonly bucket: TimeBucket | null };

/** An exact amount in major units, before rounding, and how it came about. */
export interface PricedQuantity {
  readonly amount: Exact;
  /** At least one. Their amounts add up to the amount. */
  readonly steps: readonly LineStep[];
}

/** What one price model is: how it prices, and which parameters it refuses. */
export interface PriceModelRules<Price extends PriceModel> {
  /** What it needs of the ledger. */
  readonly reading: (price: Price) => UsageReading;
  /** True for a price that is due for time and not for usage: for a part of a period, that part of it. Left out: never. */
  readonly isForTime?: (price: Price) => boolean;
  /** Prices usage. Exact and pure. Throws `UnpricedQuantityError` where no price covers it. */
  readonly price: (price: Price, usage: BillableUsage, currency: CurrencyCode) => PricedQuantity;
  /** What is wrong with the parameters; `path` leads to them. Must hold for everything that `price` relies on. */
  readonly check: (price: Price, path: string) => Problem[];
}

/** Most models look at the quantity alone. */
export const READS_QUANTITY: UsageReading = { reads: 'quantity' };
export const readsQuantity = (): UsageReading => READS_QUANTITY;
