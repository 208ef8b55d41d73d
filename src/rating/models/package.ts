import type { LineStep } from '../../domain/invoice.ts';
import type { PackagePrice } from '../../domain/plan.ts';
import { checkAmount, checkPositive } from '../check-decimal.ts';
import { exact, ONE, ZERO } from '../exact.ts';
import { lineStep, productStep, spoken } from '../sentences.ts';
import { type PriceModelRules, readsQuantity } from './model.ts';

/** (quantity − free units) / size packages, a started one counting whole or not at all, × price. Nothing left: nothing due. */
export const packagePrice: PriceModelRules<PackagePrice> = {
  reading: readsQuantity,
  price: (price, usage) => {
    const quantity = usage.quantity.minus(usage.freeUnits);
    const [freeUnits, size] = [exact(price.freeUnits), exact(price.size)];
    const left = quantity.minus(freeUnits).atLeast(ZERO);
    const parts = left.dividedBy(size);
    const packages = price.rounding === 'down' ? parts.floor() : parts.ceiling();
    const steps: LineStep[] = [];
    if (freeUnits.isAbove(ZERO)) {
      steps.push(lineStep('free_units', `${spoken(quantity.minus(left))} of ${spoken(quantity)} free`, ZERO));
    }
    const noun = packages.equals(ONE) ? 'package' : 'packages';
    const cut = `${spoken(left)} in packages of ${spoken(size)} = ${spoken(packages)} ${noun}`;
    const unitPrice = exact(price.packagePrice);
    const product = productStep('package_price', packages, unitPrice);
    return { amount: packages.times(unitPrice), steps: [...steps, lineStep('packages', cut, ZERO), product] };
  },
  check: ({ size, packagePrice: amount, freeUnits }, path) => [
    ...checkPositive(size, `${path}.size`, 'a package holds more than 0 units'),
    ...checkAmount(amount, `${path}.packagePrice`),
    ...checkAmount(freeUnits, `${path}.freeUnits`),
  ],
};
