import type { CurrencyCode } from '../../domain/money.ts';
import type { MatrixPrice, QuantityPrice } from '../../domain/plan.ts';
import { ZERO } from '../exact.ts';
import { type Problem, UnpricedQuantityError } from '../problem.ts';
import { spoken } from '../sentences.ts';
import { addedParts, pricedStep, type PricedPart } from './added.ts';
import type { BillablePart, PricedQuantity, PriceModelRules } from './model.ts';
import { checkInside, priceInside } from './quantity-models.ts';

const DIMENSIONS_MAX = 2;
const CELLS_MAX = 10_000;

/** Usage of each combination of values by the price of its cell, then added. */
export const matrix: PriceModelRules<MatrixPrice> = {
  reading: ({ dimensions }) => ({ reads: 'parts', dimensions, bucket: null }),
  price: (price, { parts }, currency) => {
    const cells = cellsOf(price);
    const priced = parts.map((part): PricedPart => {
      const values = price.dimensions.map((dimension) => part.values[dimension] ?? null);
      const name = values.map((value) => value ?? '(none)').join(', ');
      return { name, ...priceCell(cells.get(nameOf(values)) ?? price.otherwise, part, { price, values, currency }) };
    });
    return addedParts(priced, 'combinations');
  },
  check: (price, path) => [
    ...checkDimensions(price, path),
    ...price.cells.flatMap((cell, index) => checkInside(cell.price, `${path}.cells[${index}].price`)),
    ...(price.otherwise === null ? [] : checkInside(price.otherwise, `${path}.otherwise`)),
  ],
};

/** Where each group is priced by itself, a matrix prices many times: its cells are put in order once for each price object. */
const CELLS = new WeakMap<MatrixPrice, ReadonlyMap<string, QuantityPrice>>();

function cellsOf(price: MatrixPrice): ReadonlyMap<string, QuantityPrice> {
  const known = CELLS.get(price);
  if (known !== undefined) return known;
  const cells = new Map(price.cells.map((cell) => [nameOf(cell.values), cell.price]));
  CELLS.set(price, cells);
  return cells;
}

interface Cell {
  readonly price: MatrixPrice;
  readonly values: readonly (string | null)[];
  readonly currency: CurrencyCode;
}

/** Nothing of a combination without a price is no usage of it. */
function priceCell(price: QuantityPrice | null, { quantity }: BillablePart, cell: Cell): PricedQuantity {
  if (price !== null) return priceInside(price, quantity, cell.currency);
  if (quantity.isZero) return pricedStep('cell', '0 units = 0', ZERO);
  const where = cell.price.dimensions.map((dimension, index) => `${dimension} ${cell.values[index] ?? '(none)'}`);
  throw new UnpricedQuantityError(
    `no price for ${spoken(quantity)} of ${where.join(', ')}: add a cell, or a price for the others`,
  );
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
