import type { PriceModel } from '../../domain/plan.ts';
import { graduated } from './graduated.ts';
import type { PriceModelRules } from './model.ts';
import { packagePrice } from './package.ts';
import { perUnit } from './per-unit.ts';

/** Every price model. A new one is a type in `src/domain/plan.ts`, a file here and a line in this table. */
const MODELS: { readonly [Name in PriceModel['model']]: PriceModelRules<Extract<PriceModel, { model: Name }>> } = {
  per_unit: perUnit,
  graduated,
  package: packagePrice,
};

/** The rules of a price's model. Throws `RangeError` for a model that is not in the table. */
export function rulesOf(price: PriceModel): PriceModelRules<PriceModel> {
  if (!Object.hasOwn(MODELS, price.model)) throw new RangeError(`unknown price model: ${JSON.stringify(price.model)}`);
  // The table's type guarantees that the rules under a name take the price of that name.
  return MODELS[price.model] as PriceModelRules<PriceModel>;
}

/** True for the name of a price model in the table. */
export function isPriceModel(name: string): name is PriceModel['model'] {
  return Object.hasOwn(MODELS, name);
}
