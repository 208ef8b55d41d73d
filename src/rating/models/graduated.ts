import { type Decimal, decimal, ZERO } from '../../domain/decimal.ts';
import type { LineStep } from '../../domain/invoice.ts';
import type { Band, PriceModel } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { type Problem, UnpricedQuantityError } from '../problem.ts';
import { lineStep, productStep, spoken } from '../sentences.ts';
import type { PriceModelRules } from './model.ts';

type Graduated = Extract<PriceModel, { model: 'graduated' }>;

/** A plan with more bands than this is a mistake. */
const BANDS_MAX = 100;

/** Each unit at the price of its band; a band's flat fee once, when the band is entered. */
export const graduated: PriceModelRules<Graduated> = {
  price: (price, quantity) => {
    const steps: LineStep[] = [];
    let below = ZERO;
    for (const [index, band] of price.bands.entries()) {
      const isEntered = quantity.gt(below) || (index === 0 && price.flatAtZero);
      if (!isEntered) break;
      steps.push(...bandSteps(band, unitsInBand(band, below, quantity)));
      if (band.upTo === null) below = quantity;
      else below = decimal(band.upTo);
    }
    if (quantity.gt(below)) {
      throw new UnpricedQuantityError(`no band is open for ${spoken(quantity)}: the last one ends at ${spoken(below)}`);
    }
    if (steps.length === 0) steps.push(lineStep('band', '0 units = 0', ZERO));
    return { amount: steps.reduce((sum, step) => sum.plus(decimal(step.amount)), ZERO), steps };
  },
  check: (price, path) => checkBands(price.bands, `${path}.bands`),
};

function unitsInBand(band: Band, below: Decimal, quantity: Decimal): Decimal {
  const top = band.upTo === null ? quantity : decimal(band.upTo);
  return (quantity.lt(top) ? quantity : top).minus(below);
}

function bandSteps(band: Band, units: Decimal): LineStep[] {
  const flatFee = decimal(band.flatFee);
  const steps = [productStep('band', units, decimal(band.unitPrice))];
  if (!flatFee.eq(ZERO)) steps.push(lineStep('flat_fee', `flat fee ${spoken(flatFee)}`, flatFee));
  return steps;
}

function checkBands(bands: readonly Band[], path: string): Problem[] {
  if (bands.length === 0) return [{ path, message: 'at least one band is needed' }];
  if (bands.length > BANDS_MAX) return [{ path, message: `${bands.length} bands; at most ${BANDS_MAX} are allowed` }];
  return bands.flatMap((band, index) => [
    ...checkAmount(band.unitPrice, `${path}[${index}].unitPrice`),
    ...checkAmount(band.flatFee, `${path}[${index}].flatFee`),
    ...checkUpTo(bands, index, `${path}[${index}].upTo`),
  ]);
}

function checkUpTo(bands: readonly Band[], index: number, path: string): Problem[] {
  const upTo = bands[index]?.upTo ?? null;
  const isLast = index === bands.length - 1;
  if (upTo === null)
    return isLast ? [] : [{ path, message: 'only the last band is open; this one needs an upper bound' }];
  if (isLast) return [{ path, message: 'the last band must be open (null), or usage above it has no price' }];
  const problems = checkAmount(upTo, path);
  if (problems.length > 0) return problems;
  const previous = index === 0 ? '0' : (bands[index - 1]?.upTo ?? '0');
  const isPreviousReadable = checkAmount(previous, path).length === 0;
  if (isPreviousReadable && !decimal(upTo).gt(decimal(previous))) {
    problems.push({ path, message: `bands rise: ${upTo} must be above ${previous}` });
  }
  return problems;
}
