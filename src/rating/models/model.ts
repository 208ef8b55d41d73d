import type { Decimal } from '../../domain/decimal.ts';
import type { LineStep } from '../../domain/invoice.ts';
import type { PriceModel } from '../../domain/plan.ts';
import type { Problem } from '../problem.ts';

/** An exact amount in major units, before rounding, and how it came about. */
export interface PricedQuantity {
  readonly amount: Decimal;
  readonly steps: readonly LineStep[];
}

/** What one price model is: how it prices, and which parameters it refuses. */
export interface PriceModelRules<Price extends PriceModel> {
  /**
   * Prices a quantity of whole units, never negative. Exact and pure. Throws `UnpricedQuantityError` where no price covers it.
   */
  readonly price: (price: Price, quantity: Decimal) => PricedQuantity;
  /** What is wrong with the parameters; `path` leads to them. Must hold for everything that `price` relies on. */
  readonly check: (price: Price, path: string) => Problem[];
}
