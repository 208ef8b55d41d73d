import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import type { PlannedPlanChange } from '../catalog/change-plan.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { ApiDeps } from './api-deps.ts';
import {
  changedPeriod,
  openPeriodTotal,
  previewTimelineChange,
  type PriceDifference,
  type TimelinePreview,
} from './preview-timeline-change.ts';

/** What a plan change means in money. */
export interface PlanChangePreview extends TimelinePreview {
  /** The same usage in a period that is wholly under the one plan, or the other. */
  readonly wholePeriod: PriceDifference;
}

/** Rates the open period both ways. `null` where no period is open. */
export async function previewPlanChange(
  deps: ApiDeps,
  snapshot: CatalogueSnapshot,
  planned: PlannedPlanChange,
  atMicros: EpochMicros,
): Promise<PlanChangePreview | null> {
  const foreseen = { ...planned, changed: { plans: planned.plans, quantities: planned.quantities } };
  const preview = await previewTimelineChange(deps, snapshot, foreseen, atMicros);
  const entry = snapshot.tenants.get(planned.tenant);
  const period = entry === undefined ? undefined : changedPeriod(entry, planned.atMicros, atMicros);
  if (preview === null || entry === undefined || period === undefined) return null;
  const whole = async (plan: PlanVersion | null, { quantities }: Pick<TenantEntry, 'quantities'>) => {
    if (plan === null) return null;
    const plans = [{ plan, fromMicros: entry.billingStartMicros, toMicros: null }];
    return openPeriodTotal(deps, snapshot, { ...entry, plans, quantities }, period);
  };
  return {
    ...preview,
    wholePeriod: { before: await whole(planned.before, entry), after: await whole(planned.after, planned) },
  };
}
