import type { BucketedPrice } from '../../domain/plan.ts';
import { Exact, ZERO } from '../exact.ts';
import { lineStep } from '../sentences.ts';
import type { PriceModelRules, PricedQuantity } from './model.ts';
import { priceInside, quantityRulesOf } from './quantity-models.ts';

/** Each hour or day by itself, then added. An hour without usage costs nothing. */
export const bucketed: PriceModelRules<BucketedPrice> = {
  reading: ({ bucket }) => ({ reads: 'parts', dimensions: [], bucket }),
  price: ({ price }, { parts }, currency): PricedQuantity => {
    const priced = parts.map(({ bucket, quantity }) => {
      const { amount, steps } = priceInside(price, quantity, currency);
      return { amount, steps: steps.map((step) => ({ ...step, sentence: `${bucket ?? 'all'}: ${step.sentence}` })) };
    });
    if (priced.length === 0) return { amount: ZERO, steps: [lineStep('buckets', 'no usage = 0', ZERO)] };
    return { amount: Exact.sum(priced.map(({ amount }) => amount)), steps: priced.flatMap(({ steps }) => steps) };
  },
  check: ({ price }, path) => quantityRulesOf(price).check(price, `${path}.price`),
};
