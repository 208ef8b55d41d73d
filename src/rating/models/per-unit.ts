import { decimal } from '../../domain/decimal.ts';
import type { PriceModel } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { productStep } from '../sentences.ts';
import type { PriceModelRules } from './model.ts';

type PerUnit = Extract<PriceModel, { model: 'per_unit' }>;

/** quantity × unit price. */
export const perUnit: PriceModelRules<PerUnit> = {
  price: ({ unitPrice }, quantity) => {
    const step = productStep('unit_price', quantity, decimal(unitPrice));
    return { amount: decimal(step.amount), steps: [step] };
  },
  check: ({ unitPrice }, path) => checkAmount(unitPrice, `${path}.unitPrice`),
};
