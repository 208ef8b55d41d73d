import type { CatalogueSnapshot, PlanSpan, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import type { PlannedPlanChange } from '../catalog/change-plan.ts';
import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { formatMinor } from '../domain/money.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { ApiDeps } from './api-deps.ts';
import { openPeriod, readOpenPeriodUsage } from './open-period-usage.ts';
import { rateOpenPeriod } from './rate-open-period.ts';

/** Totals, tax included, as plain decimals of major units; `null` where the usage cannot be rated that way. */
export interface PriceDifference {
  readonly before: string | null;
  readonly after: string | null;
}

/** What a plan change means in money, by the usage so far of the period that it is in, or else of the one that runs. */
export interface PlanChangePreview {
  readonly currency: string;
  readonly period: { readonly start: InstantText; readonly end: InstantText };
  /** The open period as it would be billed if it ended now, without the change and with it. */
  readonly thisPeriod: PriceDifference;
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
  const entry = snapshot.tenants.get(planned.tenant);
  // A change of a period that is over and not sealed yet is a change of that one.
  const seenFrom = Math.min(planned.atMicros, atMicros);
  const period = entry === undefined ? undefined : openPeriod(entry, seenFrom);
  if (entry === undefined || period === undefined) return null;
  const totalWith = async (plans: readonly PlanSpan[]): Promise<string | null> => {
    const changed: TenantEntry = { ...entry, plans };
    const rated = await rateOpenPeriod(
      deps.pool,
      snapshot,
      changed,
      await readOpenPeriodUsage(deps, snapshot, changed, period),
    );
    if (rated === undefined || 'problems' in rated.result) return null;
    return formatMinor(BigInt(rated.result.content.totalMinor), entry.tenant.currency);
  };
  const whole = (plan: PlanVersion | null): Promise<string | null> =>
    plan === null ? Promise.resolve(null) : totalWith([{ plan, fromMicros: entry.billingStartMicros, toMicros: null }]);
  return {
    currency: entry.tenant.currency,
    period: { start: formatInstant(period.startMicros), end: formatInstant(period.endMicros) },
    thisPeriod: { before: await totalWith(entry.plans), after: await totalWith(planned.plans) },
    wholePeriod: { before: await whole(planned.before), after: await whole(planned.after) },
  };
}
