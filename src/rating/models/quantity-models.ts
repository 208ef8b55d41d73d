import type { CurrencyCode } from '../../domain/money.ts';
import type { QuantityPrice } from '../../domain/plan.ts';
import { type Exact, ZERO } from '../exact.ts';
import type { Problem } from '../problem.ts';
import { capacity } from './capacity.ts';
import { dynamic } from './dynamic.ts';
import { flat } from './flat.ts';
import { graduatedPercentage } from './graduated-percentage.ts';
import { graduated } from './graduated.ts';
import type { PricedQuantity, PriceModelRules } from './model.ts';
import { packagePrice } from './package.ts';
import { perUnit } from './per-unit.ts';
import { volume } from './volume.ts';

/** Every model that prices a quantity alone. A new one is a type in `src/domain/plan.ts`, a file here and a line in this table. */
export const QUANTITY_MODELS: {
  readonly [Name in QuantityPrice['model']]: PriceModelRules<Extract<QuantityPrice, { model: Name }>>;
} = {
  per_unit: perUnit,
  graduated,
  volume,
  package: packagePrice,
  graduated_percentage: graduatedPercentage,
  capacity,
  flat,
  dynamic,
};

/** The rules of a price that may stand inside of another. Throws `RangeError` for a model that is not in the table. */
export function quantityRulesOf(price: QuantityPrice): PriceModelRules<QuantityPrice> {
  if (!Object.hasOwn(QUANTITY_MODELS, price.model)) {
    throw new RangeError(`no price model of a quantity: ${JSON.stringify(price.model)}`);
  }
  // The table's type guarantees that the rules under a name take the price of that name.
  return QUANTITY_MODELS[price.model] as PriceModelRules<QuantityPrice>;
}

/** What is wrong with a price inside of another; `path` leads to it. */
export function checkInside(price: QuantityPrice, path: string): Problem[] {
  if (Object.hasOwn(QUANTITY_MODELS, price.model)) return quantityRulesOf(price).check(price, path);
  const known = Object.keys(QUANTITY_MODELS).join(', ');
  return [{ path: `${path}.model`, message: `${price.model} cannot stand inside of a price; these can: ${known}` }];
}

/** Prices one part of usage by a price inside of another. */
export function priceInside(price: QuantityPrice, quantity: Exact, currency: CurrencyCode): PricedQuantity {
  return quantityRulesOf(price).price(price, { quantity, freeUnits: ZERO, parts: [], amounts: [] }, currency);
}
