import type { MatrixPrice, QuantityPrice } from '../../domain/plan.ts';
import { Exact, ZERO } from '../exact.ts';
import { type Problem, UnpricedQuantityError } from '../problem.ts';
import { lineStep, spoken } from '../sentences.ts';
import type { BillablePart, PricedQuantity, PriceModelRules } from './model.ts';
import { priceInside, quantityRulesOf } from './quantity-models.ts';

const DIMENSIONS_MAX = 2;
const CELLS_MAX = 10_000;

/** Usage of each combination of values by the price of its cell, then added. */
export const matrix: PriceModelRules<MatrixPrice> = {
  reading: ({ dimensions }) => ({ reads: 'parts', dimensions, bucket: null }),
  price: (price, { parts }, currency): PricedQuantity => {
    const cells = new Map(price.cells.map((cell) => [nameOf(cell.values), cell.price]));
    const priced = parts.map((part) => {
      const values = price.dimensions.map((dimension) => part.values[dimension] ?? null);
      const { amount, steps } = priceInside(priceOf(price, cells, values, part), part.quantity, currency);
      const name = values.map((value) => value ?? '(none)').join(', ');
      return { amount, steps: steps.map((step) => ({ ...step, sentence: `${name}: ${step.sentence}` })) };
    });
    if (priced.length === 0) return { amount: ZERO, steps: [lineStep('matrix', 'no usage = 0', ZERO)] };
    return { amount: Exact.sum(priced.map(({ amount }) => amount)), steps: priced.flatMap(({ steps }) => steps) };
  },
  check: (price, path) => [
    ...checkDimensions(price, path),
    ...price.cells.flatMap((cell, index) => quantityRulesOf(cell.price).check(cell.price, `${path}.cells[${index}].price`)),
    ...(price.otherwise === null ? [] : quantityRulesOf(price.otherwise).check(price.otherwise, `${path}.otherwise`)),
  ],
};

function priceOf(
  { otherwise, dimensions }: MatrixPrice,
  cells: ReadonlyMap<string, QuantityPrice>,
  values: readonly (string | null)[],
  { quantity }: BillablePart,
): QuantityPrice {
  const price = cells.get(nameOf(values)) ?? otherwise;
  if (price !== null) return price;
  const where = dimensions.map((dimension, index) => `${dimension} ${values[index] ?? '(none)'}`).join(', ');
  throw new UnpricedQuantityError(`no price for ${spoken(quantity)} of ${where}: add a cell, or a price for the others`);
}

/** A name that no other values have. */
function nameOf(values: readonly (string | null)[]): string {
  return JSON.stringify(values);
}

function checkDimensions({ dimensions, cells }: MatrixPrice, path: string): Problem[] {
  const problems: Problem[] = [];
  if (dimensions.length === 0 || dimensions.length > DIMENSIONS_MAX) {
    problems.push({ path: `${path}.dimensions`, message: 'a matrix has one dimension or two' });
  }
  if (new Set(dimensions).size < dimensions.length) {
    problems.push({ path: `${path}.dimensions`, message: 'names a dimension twice' });
  }
  if (cells.length > CELLS_MAX) {
    problems.push({ path: `${path}.cells`, message: `${cells.length} cells; at most ${CELLS_MAX} are allowed` });
  }
  const firstByName = new Map<string, number>();
  for (const [index, { values }] of cells.entries()) {
    if (values.length !== dimensions.length) {
      const message = `has ${values.length} values, one for each of ${dimensions.join(', ')} is needed`;
      problems.push({ path: `${path}.cells[${index}].values`, message });
    }
    const first = firstByName.get(nameOf(values));
    if (first === undefined) firstByName.set(nameOf(values), index);
    else problems.push({ path: `${path}.cells[${index}].values`, message: `are those of cells[${first}] already` });
  }
  return problems;
}
