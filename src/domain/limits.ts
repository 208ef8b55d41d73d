import type { Limit } from './plan.ts';

/** Whether two limits bound the same counter; of a tenant's own and its plan's, the tenant's holds then. */
export function isSameBound(one: Limit, other: Limit): boolean {
  return one.meter === other.meter && one.window === other.window && one.dimension === other.dimension;
}

/** The limits that hold for a tenant: its plan's in their order, each replaced by the tenant's own, then those that only it has. */
export function limitsOfTenant(planLimits: readonly Limit[], ownLimits: readonly Limit[]): readonly Limit[] {
  if (ownLimits.length === 0) return planLimits;
  const replaced = planLimits.map((limit) => ownLimits.find((own) => isSameBound(own, limit)) ?? limit);
  return [...replaced, ...ownLimits.filter((own) => !planLimits.some((limit) => isSameBound(own, limit)))];
}
