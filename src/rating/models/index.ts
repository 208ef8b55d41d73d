import type { PriceModel } from '../../domain/plan.ts';
import { bucketed } from './bucketed.ts';
import { matrix } from './matrix.ts';
import type { PriceModelRules } from './model.ts';
import { percentage } from './percentage.ts';
import { QUANTITY_MODELS } from './quantity-models.ts';

/** Every price model: those of a quantity, and those that look into the usage. */
const MODELS: { readonly [Name in PriceModel['model']]: PriceModelRules<Extract<PriceModel, { model: Name }>> } = {
  ...QUANTITY_MODELS,
  percentage,
  bucketed,
  matrix,
};

/** Their names, for people. */
export const PRICE_MODEL_NAMES: readonly string[] = Object.keys(MODELS);

/** The rules of a price's model. Throws `RangeError` for a model that is not in the table. */
export function rulesOf(price: PriceModel): PriceModelRules<PriceModel> {
  if (!Object.hasOwn(MODELS, price.model)) throw new RangeError(`unknown price model: ${JSON.stringify(price.model)}`);
  // The table's type guarantees that the rules under a name take the price of that name.
  return MODELS[price.model] as PriceModelRules<PriceModel>;
}

/** True for a price that is due for time and not for usage: it is prorated. */
export function isForTime(price: PriceModel): boolean {
  return rulesOf(price).isForTime?.(price) ?? false;
}

/** True for the name of a price model in the table. */
export function isPriceModel(name: string): name is PriceModel['model'] {
  return Object.hasOwn(MODELS, name);
}
