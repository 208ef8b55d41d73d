import { isSameBound } from '../domain/limits.ts';
import type { Meter } from '../domain/meter.ts';
import type { Limit, PlanVersion } from '../domain/plan.ts';
import { checkBounds, checkCommitment } from './check-bounds.ts';
import { checkCharge, checkMeter } from './check-charge.ts';
import { checkAmount } from './check-decimal.ts';
import { checkFixedQuantities } from './check-fixed-quantities.ts';
import type { Problem } from './problem.ts';

const CURRENCY = /^[A-Z]{3}$/;
const CHARGES_MAX = 1_000;

/**
 * What is wrong with a price list, all of it at once; empty when it can be billed. Paths are those of the plan's own fields.
 *
 * @param meters those that exist, by key
 */
export function checkPlan(plan: PlanVersion, meters: ReadonlyMap<string, Meter>): Problem[] {
  const problems = [
    ...checkAmount(plan.baseFee, 'baseFee'),
    ...checkCommitment(plan.commitment, 'commitment'),
    ...checkBounds(plan, ''),
    ...checkCadences(plan),
  ];
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
    problems.push(...checkCharge(charge, path, meters));
  }
  problems.push(...checkFixedQuantities(plan.fixedQuantities ?? []));
  return [...problems, ...plan.limits.flatMap((limit, index) => checkLimit(plan.limits, limit, index, meters))];
}

/** What a plan bounds or promises is for a billing period: a fee that is for more or less than one is no part of it. */
function checkCadences({ boundsCover, baseFeeEvery, fixedQuantities = [] }: PlanVersion): Problem[] {
  if (boundsCover !== 'charges_and_base_fee') return [];
  const index = fixedQuantities.findIndex(({ every }) => every !== undefined);
  const field = baseFeeEvery === undefined ? `fixedQuantities[${index}].every` : 'baseFeeEvery';
  if (baseFeeEvery === undefined && index < 0) return [];
  const message = `cannot cover a fee that has a cadence of its own: choose charges, or leave ${field} out`;
  return [{ path: 'boundsCover', message }];
}

function checkLimit(
  limits: readonly Limit[],
  limit: Limit,
  index: number,
  meters: ReadonlyMap<string, Meter>,
): Problem[] {
  const path = `limits[${index}]`;
  const problems = [...checkMeter(limit.meter, `${path}.meter`, meters), ...checkAmount(limit.limit, `${path}.limit`)];
  const first = limits.findIndex((other) => isSameBound(other, limit));
  if (first < index) {
    problems.push({ path: `${path}.meter`, message: `${limit.meter} is already limited by limits[${first}]` });
  }
  return problems;
}
