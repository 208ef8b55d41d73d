import type { VolumePrice } from '../../domain/plan.ts';
import { ZERO } from '../exact.ts';
import { atLeastOneStep, bandOf, checkBands, flatFeeSteps, sumOfSteps } from './bands.ts';
import { checkUnitPrices, unitSteps } from './unit-bands.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';

/** All units at the price of the first band that holds the quantity, and its flat fee. So the total may fall at a bound. */
export const volume: PriceModelRules<VolumePrice> = {
  reading: readsQuantity,
  price: ({ bands, flatAtZero }, { quantity, freeUnits }) => {
    if (quantity.isZero && !flatAtZero) return { amount: ZERO, steps: atLeastOneStep([]) };
    const band = bandOf(bands, quantity);
    const steps = [...unitSteps(band, quantity.minus(freeUnits)), ...flatFeeSteps(band)];
    return { amount: sumOfSteps(steps), steps };
  },
  check: (price, path) => [...checkBands(price, `${path}.bands`), ...checkUnitPrices(price.bands, `${path}.bands`)],
};
