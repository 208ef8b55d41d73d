import type { GraduatedPercentagePrice } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { exact } from '../exact.ts';
import { shareOf, shareStep } from '../share.ts';
import { addedBands, checkBands, enteredBands, feeOf, freeIn } from './bands.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';

/** Percent of the part of the amount in each band, and the flat fee of each band that is entered. */
export const graduatedPercentage: PriceModelRules<GraduatedPercentagePrice> = {
  reading: readsQuantity,
  price: (price, { quantity, freeUnits }) =>
    addedBands(
      enteredBands(price, quantity).flatMap((entered) => {
        const percent = exact(entered.band.percent);
        const charged = entered.units.minus(freeIn(entered, freeUnits));
        const share = { amount: shareOf(charged, percent), steps: [shareStep('band', charged, percent)] };
        return [share, ...feeOf(entered.band)];
      }),
    ),
  check: (price, path) => [
    ...checkBands(price, `${path}.bands`),
    ...price.bands.flatMap(({ percent }, index) => checkAmount(percent, `${path}.bands[${index}].percent`)),
  ],
};
