import type { LineStep } from '../../domain/invoice.ts';
import type { Band } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { type Exact, exact, ZERO } from '../exact.ts';
import type { Problem } from '../problem.ts';
import { lineStep, productStep, spoken } from '../sentences.ts';

/** Units at the price of a band, by themselves or in blocks. */
export function unitSteps({ unitPrice, blockSize }: Band, units: Exact): LineStep[] {
  const price = exact(unitPrice);
  if (blockSize === undefined) return [productStep('band', units, price)];
  const blocks = units.dividedBy(exact(blockSize)).ceiling();
  const cut = `${spoken(units)} in blocks of ${spoken(exact(blockSize))} = ${spoken(blocks)}`;
  return [lineStep('blocks', cut, ZERO), productStep('band', blocks, price)];
}

/** What is wrong with the prices of bands; blocks are among what `checkBands` looks at. */
export function checkUnitPrices(bands: readonly Band[], path: string): Problem[] {
  return bands.flatMap(({ unitPrice }, index) => checkAmount(unitPrice, `${path}[${index}].unitPrice`));
}
