import { decimal, ZERO } from '../../domain/decimal.ts';
import type { LineStep } from '../../domain/invoice.ts';
import type { PriceModel } from '../../domain/plan.ts';
import { checkAmount } from '../check-decimal.ts';
import { ceilingQuotient } from '../division.ts';
import { lineStep, productStep, spoken } from '../sentences.ts';
import type { PriceModelRules } from './model.ts';

type PackagePrice = Extract<PriceModel, { model: 'package' }>;

/** (quantity − free units) / size packages, a started one counting whole, × price. Nothing left: nothing due. */
export const packagePrice: PriceModelRules<PackagePrice> = {
  price: (price, quantity) => {
    const freeUnits = decimal(price.freeUnits);
    const size = decimal(price.size);
    const left = quantity.gt(freeUnits) ? quantity.minus(freeUnits) : ZERO;
    const packages = decimal(ceilingQuotient(left, size));
    const steps: LineStep[] = [];
    if (freeUnits.gt(ZERO)) {
      const free = quantity.minus(left);
      steps.push(lineStep('free_units', `${spoken(free)} of ${spoken(quantity)} free`, ZERO));
    }
    const noun = packages.eq('1') ? 'package' : 'packages';
    const cut = `${spoken(left)} in packages of ${spoken(size)} = ${spoken(packages)} ${noun}`;
    steps.push(lineStep('packages', cut, ZERO));
    const product = productStep('package_price', packages, decimal(price.packagePrice));
    return { amount: decimal(product.amount), steps: [...steps, product] };
  },
  check: ({ size, packagePrice: amount, freeUnits }, path) => {
    const problems = checkAmount(size, `${path}.size`);
    if (problems.length === 0 && decimal(size).eq(ZERO)) {
      problems.push({ path: `${path}.size`, message: 'a package holds more than 0 units' });
    }
    return [
      ...problems,
      ...checkAmount(amount, `${path}.packagePrice`),
      ...checkAmount(freeUnits, `${path}.freeUnits`),
    ];
  },
};
