import type { BucketedPrice } from '../../domain/plan.ts';
import { addedParts, type PricedPart } from './added.ts';
import type { BillablePart, PriceModelRules } from './model.ts';
import { checkInside, priceInside } from './quantity-models.ts';

/** Each hour or day by itself, then added. An hour without usage costs nothing. Those of one quantity are told together. */
export const bucketed: PriceModelRules<BucketedPrice> = {
  reading: ({ bucket }) => ({ reads: 'parts', dimensions: [], bucket }),
  price: ({ price, bucket: unit }, { parts }, currency) => {
    const alike = Map.groupBy(parts, ({ quantity }) => quantity.text);
    const priced = [...alike.values()].flatMap((some): PricedPart[] => {
      const [first] = some;
      if (first === undefined) return [];
      return [{ ...nameOf(some, first, unit), ...priceInside(price, first.quantity, currency) }];
    });
    return addedParts(priced, `${unit}s`);
  },
  check: ({ price }, path) => checkInside(price, `${path}.price`),
};

function nameOf(alike: readonly BillablePart[], first: BillablePart, unit: string): Pick<PricedPart, 'name' | 'times'> {
  if (alike.length === 1) return { name: first.bucket ?? `one ${unit}` };
  return { name: `${alike.length} ${unit}s`, times: alike.length };
}
