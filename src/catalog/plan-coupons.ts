import { canonicalJson } from '../domain/canonical.ts';
import type { Coupon } from '../domain/coupon.ts';
import type { CatalogueChange } from './catalogue-changes.ts';
import type { CatalogueProblem } from './catalogue-problem.ts';
import type { CatalogueSnapshot } from './catalogue-snapshot.ts';
import type { ParsedCatalogue } from './parse-catalogue.ts';

/** What is wrong with the coupons of a file: changed ones, and those of a charge that no plan and no tenant has. */
export function checkCoupons(parsed: ParsedCatalogue, snapshot: CatalogueSnapshot): CatalogueProblem[] {
  const { file, problemAt } = parsed;
  const plans = [...file.plans, ...snapshot.planVersions.values()];
  const ofPlans = plans.flatMap((plan) => plan.charges.map(({ key }) => key));
  const ofFile = file.tenants.flatMap(({ prices }) => prices.map(({ key }) => key));
  const ofTenants = [...snapshot.tenants.values()].flatMap(({ prices }) => prices.map(({ charge }) => charge.key));
  const charges = new Set([...ofPlans, ...ofFile, ...ofTenants]);
  return file.coupons.flatMap((coupon, index) => {
    const at = (field: string, message: string) => problemAt(['coupons', index, field], message);
    const stored = snapshot.coupons.get(coupon.key);
    const isChanged = stored !== undefined && canonicalJson(stored) !== canonicalJson(coupon);
    const isOfNoCharge = coupon.charge !== undefined && !charges.has(coupon.charge);
    return [
      ...(isChanged ? [at('key', `${coupon.key} is stored as something else and cannot change: use another key`)] : []),
      ...(isOfNoCharge ? [at('charge', `no plan or tenant has a charge ${coupon.charge}`)] : []),
    ];
  });
}

/** The coupons of a file as changes, and those that are new. */
export function planCoupons(
  { file }: ParsedCatalogue,
  { coupons }: CatalogueSnapshot,
): { readonly changes: readonly CatalogueChange[]; readonly writes: readonly Coupon[] } {
  const writes = file.coupons.filter(({ key }) => !coupons.has(key));
  const changes = file.coupons.map(({ key }): CatalogueChange => {
    return { kind: 'coupon', key, action: coupons.has(key) ? 'unchanged' : 'created', details: {} };
  });
  return { changes, writes };
}
