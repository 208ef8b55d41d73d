import { currencyExponent } from '../../domain/money.ts';
import type { DynamicPrice } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { exact } from '../exact.ts';
import { roundTo } from '../rounding.ts';
import { lineStep, productStep, spoken } from '../sentences.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';

/**
 * The events' own amounts × a multiplier, rounded to the currency at once: what follows (a discount, a minimum) works on money that
 * the customer can be shown.
 */
export const dynamic: PriceModelRules<DynamicPrice> = {
  reading: readsQuantity,
  price: ({ multiplier }, { quantity, freeUnits }, currency) => {
    const product = productStep('multiplier', quantity.minus(freeUnits), exact(multiplier));
    const exactAmount = quantity.minus(freeUnits).times(exact(multiplier));
    const amount = roundTo(exactAmount, currencyExponent(currency));
    if (amount.equals(exactAmount)) return { amount, steps: [product] };
    const sentence = `rounded to ${spoken(amount)}`;
    return { amount, steps: [product, lineStep('rounding', sentence, amount.minus(exactAmount))] };
  },
  check: ({ multiplier }, path) => checkAmount(multiplier, `${path}.multiplier`),
};
