import type { PlanVersion } from '../domain/plan.ts';

/** The newest version of every plan, by key. */
export function newestPlans(plans: Iterable<PlanVersion>): ReadonlyMap<string, PlanVersion> {
  const newest = new Map<string, PlanVersion>();
  for (const plan of plans) {
    if ((newest.get(plan.key)?.version ?? 0) < plan.version) newest.set(plan.key, plan);
  }
  return newest;
}
