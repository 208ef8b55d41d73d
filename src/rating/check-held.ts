import { isPlainDecimal } from '../domain/decimal.ts';
import { checkPeriod, microsOf } from './check-period.ts';
import type { HeldQuantity } from './inputs.ts';

/** Something for a time in which quantities are held. */
interface HoldingTime {
  readonly from: string;
  readonly to: string;
  readonly quantities?: readonly HeldQuantity[] | undefined;
}

/**
 * What is held is a number, and lies where it is held, in order of time and without overlap: seats would be paid twice.
 *
 * @param where as sentences call it: `its span`
 */
export function checkHeld({ from: start, to: end, quantities = [] }: HoldingTime, where: string): string[] {
  const byKey = Map.groupBy(quantities, ({ key }) => key);
  return [...byKey.values()].flatMap((held) =>
    held.flatMap(({ key, from, to, quantity }, index) => {
      const isInside = microsOf(from) >= microsOf(held[index - 1]?.to ?? start) && microsOf(to) <= microsOf(end);
      return [
        ...checkPeriod(`the quantity ${key}`, from, to),
        ...(isPlainDecimal(quantity) ? [] : [`the quantity ${key} is no plain decimal: ${JSON.stringify(quantity)}`]),
        ...(isInside ? [] : [`the quantity ${key} from ${from} to ${to} overlaps another or lies outside of ${where}`]),
      ];
    }),
  );
}
