import type { CapacityPrice } from '../../domain/plan.ts';
import { exact } from '../exact.ts';
import { spoken } from '../sentences.ts';
import { pricedStep } from './added.ts';
import { bandOf, checkBands } from './bands.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';

/** The fee of the first band that holds the quantity, mostly a peak; at zero too: capacity is paid for being there. */
export const capacity: PriceModelRules<CapacityPrice> = {
  reading: readsQuantity,
  // A fee for each span of a period would ask for it twice where the plan changes on the last day.
  isForTime: () => true,
  price: ({ bands }, { quantity }) => {
    const band = bandOf(bands, quantity);
    const fee = exact(band.flatFee);
    const size = band.upTo === null ? 'the open band' : `the band up to ${spoken(exact(band.upTo))}`;
    return pricedStep('band', `${spoken(quantity)} is in ${size}: ${spoken(fee)}`, fee);
  },
  check: (price, path) => checkBands(price, `${path}.bands`),
};
