import type { EpochMicros } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { type CatalogueSnapshot, planVersionName } from './catalogue-snapshot.ts';
import type { ParsedCatalogue } from './parse-catalogue.ts';

/** What planning a tenant looks at: the file, what is stored, and when the apply happens. */
export interface TenantContext {
  readonly parsed: ParsedCatalogue;
  readonly snapshot: CatalogueSnapshot;
  /** As they will be after the apply. */
  readonly newestPlans: ReadonlyMap<string, PlanVersion>;
  readonly atMicros: EpochMicros;
}

/** Which version of a plan is meant. */
export interface NamedPlan {
  readonly planKey: string;
  /** Left out: the newest. */
  readonly planVersion?: number | undefined;
}

/** A plan version as it will be there after the apply; `undefined` where it will not. */
export function findPlan(
  { newestPlans, snapshot }: TenantContext,
  { planKey, planVersion }: NamedPlan,
): PlanVersion | undefined {
  const newest = newestPlans.get(planKey);
  if (planVersion === undefined || newest?.version === planVersion) return newest;
  return snapshot.planVersions.get(planVersionName(planKey, planVersion));
}

/** What is said where `findPlan` finds nothing. */
export function noSuchVersion({ newestPlans }: TenantContext, { planKey, planVersion }: NamedPlan): string {
  const newest = newestPlans.get(planKey)?.version ?? 0;
  return `plan ${planKey} has no version ${planVersion ?? 'at all'}; its newest is ${newest}`;
}
