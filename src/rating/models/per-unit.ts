import type { PerUnitPrice } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { exact } from '../exact.ts';
import { productStep } from '../sentences.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';

/** Quantity × price. */
export const perUnit: PriceModelRules<PerUnitPrice> = {
  reading: readsQuantity,
  price: ({ unitPrice }, { quantity, freeUnits }) => {
    const [units, price] = [quantity.minus(freeUnits), exact(unitPrice)];
    return { amount: units.times(price), steps: [productStep('unit_price', units, price)] };
  },
  check: ({ unitPrice }, path) => checkAmount(unitPrice, `${path}.unitPrice`),
};
