import { currencyExponent } from '../../domain/money.ts';
import type { DynamicPrice } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { exact } from '../exact.ts';
import { roundTo } from '../rounding.ts';
import { productStep, spoken } from '../sentences.ts';
import { pricedStep } from './added.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';

/**
 * The events' own amounts × a multiplier, rounded to the currency at once: what follows (a discount, a minimum) works on money that
 * the customer can be shown.
 */
export const dynamic: PriceModelRules<DynamicPrice> = {
  reading: readsQuantity,
  price: ({ multiplier }, { quantity, freeUnits }, currency) => {
    const charged = quantity.minus(freeUnits);
    const product = charged.times(exact(multiplier));
    const amount = roundTo(product, currencyExponent(currency));
    const { sentence } = productStep('multiplier', charged, exact(multiplier));
    const rounded = amount.equals(product) ? '' : `, rounded to ${spoken(amount)}`;
    return pricedStep('multiplier', `${sentence}${rounded}`, amount);
  },
  check: ({ multiplier }, path) => checkAmount(multiplier, `${path}.multiplier`),
};
