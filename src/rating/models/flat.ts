import type { FlatPrice } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { exact, ZERO } from '../exact.ts';
import { lineStep, spoken } from '../sentences.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';

/** A fee, however much was used. */
export const flat: PriceModelRules<FlatPrice> = {
  reading: readsQuantity,
  price: ({ amount, due }, { quantity }) => {
    if (due === 'when_used' && quantity.isZero) return { amount: ZERO, steps: [lineStep('fee', 'not used = 0', ZERO)] };
    const fee = exact(amount);
    return { amount: fee, steps: [lineStep('fee', `fee ${spoken(fee)}`, fee)] };
  },
  check: ({ amount }, path) => checkAmount(amount, `${path}.amount`),
};
