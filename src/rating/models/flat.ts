import type { FlatPrice } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { exact, ZERO } from '../exact.ts';
import { spoken } from '../sentences.ts';
import { pricedStep } from './added.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';

/** A fee, however much was used. */
export const flat: PriceModelRules<FlatPrice> = {
  reading: readsQuantity,
  isForTime: ({ due }) => due === 'always',
  price: ({ amount, due }, { quantity }) => {
    if (due === 'when_used' && quantity.isZero) return pricedStep('fee', 'not used = 0', ZERO);
    const fee = exact(amount);
    return pricedStep('fee', `fee ${spoken(fee)}`, fee);
  },
  check: ({ amount }, path) => checkAmount(amount, `${path}.amount`),
};
