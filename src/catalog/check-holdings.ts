import type { Charge } from '../domain/plan.ts';
import type { FileTenant } from './catalogue-file.ts';
import { type CatalogueProblem, type FieldPath, fieldPathOf } from './catalogue-problem.ts';
import type { Definitions, PlanCheck } from './known-definitions.ts';
import type { ParsedCatalogue } from './parse-catalogue.ts';

/** So many at a time: each is a part of every bill, and more are a mistake. */
export const ADD_ONS_MAX = 100;
/** So many at a time: a tenant with more has a price list of its own, which is a plan. */
export const PRICES_MAX = 1_000;

/** What is wrong with the add-ons and prices that the file gives a tenant, in the light of what it refers to. */
export function checkHoldings(
  { file, problemAt }: ParsedCatalogue,
  { plans, meters }: Definitions,
  index: number,
  checkPlan: PlanCheck,
): readonly CatalogueProblem[] {
  const tenant = file.tenants[index];
  if (tenant === undefined) return [];
  const at = (path: FieldPath, message: string): CatalogueProblem => problemAt(['tenants', index, ...path], message);
  const ofAddOns = tenant.addOns.flatMap(({ planKey }, place): CatalogueProblem[] => {
    const path = ['addOns', place];
    const first = tenant.addOns.findIndex((other) => other.planKey === planKey);
    const addOn = plans.get(planKey);
    if (first < place) return [at(path, `${planKey} is already named by addOns[${first}]: remove one of them`)];
    if (addOn === undefined) return [at(path, `there is no plan ${planKey}: define it under plans with addOn: true`)];
    if (addOn.addOn !== true) return [at(path, `${planKey} is no add-on: a tenant has one plan, which plan names`)];
    if (addOn.currency === tenant.currency) return [];
    return [at(path, `${planKey} is in ${addOn.currency}, the tenant in ${tenant.currency}: both must be the same`)];
  });
  const ofPrices = tenant.prices.flatMap((charge, place): CatalogueProblem[] => {
    const first = tenant.prices.findIndex(({ key }) => key === charge.key);
    if (first < place) return [at(['prices', place, 'key'], `${charge.key} is already the key of prices[${first}]`)];
    return checkPrivatePrice(charge, tenant.currency, meters, checkPlan).map(({ path, message }) =>
      at(['prices', place, ...fieldPathOf(path)], message),
    );
  });
  return [...checkCounts(tenant, at), ...ofAddOns, ...ofPrices];
}

/** As many as commands would give. */
function checkCounts(
  { addOns, prices }: FileTenant,
  at: (path: FieldPath, message: string) => CatalogueProblem,
): readonly CatalogueProblem[] {
  const tooMany = `${addOns.length} add-ons; at most ${ADD_ONS_MAX} are allowed: put some of them together`;
  const tooLong = `${prices.length} prices of its own; at most ${PRICES_MAX} are allowed: define a plan for it`;
  return [
    ...(addOns.length > ADD_ONS_MAX ? [at(['addOns'], tooMany)] : []),
    ...(prices.length > PRICES_MAX ? [at(['prices'], tooLong)] : []),
  ];
}

/** What is wrong with a charge of a tenant's own: what would be wrong with it in a plan. Paths are those of the charge's fields. */
export function checkPrivatePrice(
  charge: Charge,
  currency: string,
  meters: Definitions['meters'],
  checkPlan: PlanCheck,
): readonly { readonly path: string; readonly message: string }[] {
  const key = 'private';
  const plan = { key, version: 1, name: key, currency, baseFee: '0', charges: [charge], limits: [] };
  return checkPlan(plan, meters).map(({ path, message }) => ({ path: path.replace('charges[0].', ''), message }));
}
