import { isSameBound } from '../domain/limits.ts';
import type { Charge, Limit, PlanVersion } from '../domain/plan.ts';
import { checkAmount } from './check-decimal.ts';
import { isPriceModel, rulesOf } from './models/index.ts';
import type { Problem } from './problem.ts';

const CURRENCY = /^[A-Z]{3}$/;
const CHARGES_MAX = 1_000;

/**
 * What is wrong with a price list, all of it at once; empty when it can be billed. Paths are those of the plan's own fields.
 *
 * @param meterKeys the meters that exist
 */
export function checkPlan(plan: PlanVersion, meterKeys: ReadonlySet<string>): Problem[] {
  const problems = checkAmount(plan.baseFee, 'baseFee');
  if (!CURRENCY.test(plan.currency)) {
    problems.push({ path: 'currency', message: `${plan.currency} is no ISO 4217 code in upper case` });
  }
  if (plan.charges.length > CHARGES_MAX) {
    problems.push({ path: 'charges', message: `${plan.charges.length} charges; at most ${CHARGES_MAX} are allowed` });
  }
  const chargesByKey = new Map<string, number>();
  for (const [index, charge] of plan.charges.entries()) {
    const path = `charges[${index}]`;
    const first = chargesByKey.get(charge.key);
    if (first === undefined) chargesByKey.set(charge.key, index);
    else problems.push({ path: `${path}.key`, message: `${charge.key} is already the key of charges[${first}]` });
    problems.push(...checkCharge(charge, path, meterKeys));
  }
  return [...problems, ...plan.limits.flatMap((limit, index) => checkLimit(plan.limits, limit, index, meterKeys))];
}

function checkCharge(charge: Charge, path: string, meterKeys: ReadonlySet<string>): Problem[] {
  const problems = [
    ...checkMeter(charge.meter, `${path}.meter`, meterKeys),
    ...checkAmount(charge.includedUnits, `${path}.includedUnits`),
  ];
  if (!isPriceModel(charge.price.model)) {
    return [...problems, { path: `${path}.price.model`, message: 'unknown price model' }];
  }
  return [...problems, ...rulesOf(charge.price).check(charge.price, `${path}.price`)];
}

function checkLimit(limits: readonly Limit[], limit: Limit, index: number, meterKeys: ReadonlySet<string>): Problem[] {
  const path = `limits[${index}]`;
  const problems = [
    ...checkMeter(limit.meter, `${path}.meter`, meterKeys),
    ...checkAmount(limit.limit, `${path}.limit`),
  ];
  const first = limits.findIndex((other) => isSameBound(other, limit));
  if (first < index) {
    problems.push({ path: `${path}.meter`, message: `${limit.meter} is already limited by limits[${first}]` });
  }
  return problems;
}

function checkMeter(meter: string, path: string, meterKeys: ReadonlySet<string>): Problem[] {
  return meterKeys.has(meter) ? [] : [{ path, message: `there is no meter ${meter}` }];
}
