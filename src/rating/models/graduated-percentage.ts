import type { LineStep } from '../../domain/invoice.ts';
import type { GraduatedPercentagePrice, PercentBand } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { type Exact, exact, ZERO } from '../exact.ts';
import { atLeastOneStep, checkBands, enteredBands, flatFeeSteps, sumOfSteps } from './bands.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';
import { shareStep } from '../share.ts';

/** Percent of the part of the amount in each band, and the flat fee of each band that is entered. */
export const graduatedPercentage: PriceModelRules<GraduatedPercentagePrice> = {
  reading: readsQuantity,
  price: (price, { quantity, freeUnits }) => {
    const steps = enteredBands(price, quantity).flatMap(({ band, below, units }): LineStep[] => {
      const free = freeUnits.minus(below).atLeast(ZERO).atMost(units);
      return [bandStep(band, units.minus(free)), ...flatFeeSteps(band)];
    });
    return { amount: sumOfSteps(steps), steps: atLeastOneStep(steps) };
  },
  check: (price, path) => [
    ...checkBands(price, `${path}.bands`),
    ...price.bands.flatMap(({ percent }, index) => checkAmount(percent, `${path}.bands[${index}].percent`)),
  ],
};

function bandStep({ percent }: PercentBand, amount: Exact): LineStep {
  return shareStep('band', amount, exact(percent));
}
