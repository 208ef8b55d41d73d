import type { LineStep } from '../../domain/invoice.ts';
import type { GraduatedPrice } from '../../domain/plan.ts';
import { type Exact, ZERO } from '../exact.ts';
import { atLeastOneStep, checkBands, enteredBands, flatFeeSteps, sumOfSteps } from './bands.ts';
import { checkUnitPrices, unitSteps } from './unit-bands.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';

/** Each unit at the price of its band; a band's flat fee once, when the band is entered. Free units fill the lower bands. */
export const graduated: PriceModelRules<GraduatedPrice> = {
  reading: readsQuantity,
  price: (price, { quantity, freeUnits }) => {
    const steps = enteredBands(price, quantity).flatMap(({ band, below, units }): LineStep[] => [
      ...unitSteps(band, units.minus(freeIn(freeUnits, below, units))),
      ...flatFeeSteps(band),
    ]);
    return { amount: sumOfSteps(steps), steps: atLeastOneStep(steps) };
  },
  check: (price, path) => [...checkBands(price, `${path}.bands`), ...checkUnitPrices(price.bands, `${path}.bands`)],
};

/** How many of a band's units are free. */
function freeIn(freeUnits: Exact, below: Exact, units: Exact): Exact {
  return freeUnits.minus(below).atLeast(ZERO).atMost(units);
}
