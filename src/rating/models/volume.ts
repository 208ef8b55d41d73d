import type { VolumePrice } from '../../domain/plan.ts';
import { addedBands, bandOf, checkBands, feeOf } from './bands.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';
import { checkUnitPrices, pricedUnits } from './unit-bands.ts';

/** All units at the price of the first band that holds the quantity, and its flat fee. So the total may fall at a bound. */
export const volume: PriceModelRules<VolumePrice> = {
  reading: readsQuantity,
  price: ({ bands, flatAtZero }, { quantity, freeUnits }) => {
    if (quantity.isZero && !flatAtZero) return addedBands([]);
    const band = bandOf(bands, quantity);
    return addedBands([pricedUnits(band, quantity.minus(freeUnits)), ...feeOf(band)]);
  },
  check: (price, path) => [...checkBands(price, `${path}.bands`), ...checkUnitPrices(price.bands, `${path}.bands`)],
};
