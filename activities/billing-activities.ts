import type { BillingActivities } from './answers.ts';
import type { BillingDeps } from './billing-deps.ts';
import { createCycleActivities } from './cycle-activities.ts';
import { createTenantActivities } from './tenant-activities.ts';

/** All activities of `tenantBilling` and `closeCycle`. Workflows import their types only. */
export function createBillingActivities(deps: BillingDeps): BillingActivities {
  return { ...createTenantActivities(deps), ...createCycleActivities(deps) };
}
