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

/** A dimension of a meter by whose values counters are kept apart, because a limit is on each of them. */
export interface CountedDimension {
  readonly meter: string;
  readonly dimension: string;
}

/** The dimensions that limits on whole periods are on, each once, in order. Short windows are counted as they come. */
export function countedDimensions(limits: readonly Limit[]): readonly CountedDimension[] {
  const byName = new Map<string, CountedDimension>();
  for (const { meter, dimension, window } of limits) {
    if (window === 'period' && dimension !== undefined) byName.set(`${meter}~${dimension}`, { meter, dimension });
  }
  return [...byName].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, counted]) => counted);
}
