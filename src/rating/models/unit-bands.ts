import type { Band } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { type Exact, exact, ONE, ZERO } from '../exact.ts';
import type { Problem } from '../problem.ts';
import { lineStep, productStep, spoken } from '../sentences.ts';
import type { PricedQuantity } from './model.ts';

/** Units at the price of a band, by themselves or in blocks of which a started one counts whole. */
export function pricedUnits({ unitPrice, blockSize }: Band, units: Exact): PricedQuantity {
  const price = exact(unitPrice);
  if (blockSize === undefined) return { amount: units.times(price), steps: [productStep('band', units, price)] };
  const blocks = units.dividedBy(exact(blockSize)).ceiling();
  const noun = blocks.equals(ONE) ? 'block' : 'blocks';
  const cut = `${spoken(units)} in blocks of ${spoken(exact(blockSize))} = ${spoken(blocks)} ${noun}`;
  return { amount: blocks.times(price), steps: [lineStep('blocks', cut, ZERO), productStep('band', blocks, price)] };
}

/** What is wrong with the prices of bands; blocks are among what `checkBands` looks at. */
export function checkUnitPrices(bands: readonly Band[], path: string): Problem[] {
  return bands.flatMap(({ unitPrice }, index) => checkAmount(unitPrice, `${path}[${index}].unitPrice`));
}
