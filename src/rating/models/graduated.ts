import type { GraduatedPrice } from '../../domain/plan.ts';
import { addedBands, checkBands, enteredBands, feeOf, freeIn } from './bands.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';
import { checkUnitPrices, pricedUnits } from './unit-bands.ts';

/** Each unit at the price of its band; a band's flat fee once, when the band is entered. Free units fill the lower bands. */
export const graduated: PriceModelRules<GraduatedPrice> = {
  reading: readsQuantity,
  price: (price, { quantity, freeUnits }) =>
    addedBands(
      enteredBands(price, quantity).flatMap((entered) => [
        pricedUnits(entered.band, entered.units.minus(freeIn(entered, freeUnits))),
        ...feeOf(entered.band),
      ]),
    ),
  check: (price, path) => [...checkBands(price, `${path}.bands`), ...checkUnitPrices(price.bands, `${path}.bands`)],
};
