import type { FixedQuantity } from '../domain/plan.ts';
import { rulesOf } from './models/index.ts';
import type { Problem } from './problem.ts';

const MODELS: ReadonlySet<string> = new Set(['per_unit', 'graduated', 'volume']);

/** What is wrong with the fixed quantities of a plan. */
export function checkFixedQuantities(quantities: readonly FixedQuantity[]): Problem[] {
  return quantities.flatMap((fixed, index) => {
    const path = `fixedQuantities[${index}]`;
    const first = quantities.findIndex(({ key }) => key === fixed.key);
    const repeated: Problem[] =
      first < index
        ? [{ path: `${path}.key`, message: `${fixed.key} is already the key of fixedQuantities[${first}]` }]
        : [];
    return [...repeated, ...checkPrice(fixed, `${path}.price`)];
  });
}

function checkPrice({ price }: FixedQuantity, path: string): Problem[] {
  if (!MODELS.has(price.model)) {
    const message = `${price.model} cannot price what is held and not metered: choose per_unit, graduated or volume`;
    return [{ path: `${path}.model`, message }];
  }
  const bands = price.model === 'per_unit' ? [] : price.bands;
  const inBlocks = bands.flatMap(({ blockSize, maxBlocks }, index) =>
    blockSize === undefined && maxBlocks === undefined
      ? []
      : [
          {
            path: `${path}.bands[${index}]`,
            message: 'sells in blocks, a part of which cannot be held: leave blockSize out',
          },
        ],
  );
  return [...inBlocks, ...rulesOf(price).check(price, path)];
}
