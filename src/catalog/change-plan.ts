import type pg from 'pg';

import type { EpochMicros } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { changedFrom, isSameTimeline, itemAt } from '../domain/timeline.ts';
import { type LeftQuantities, leftQuantities } from './add-on-quantities.ts';
import { type CatalogueSnapshot, type PlanSpan, planVersionName, type TenantEntry } from './catalogue-snapshot.ts';
import { type ChangeAt, changeInstant } from './change-instant.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { changeTenant, type MadeChange, requireTenant } from './change-tenant.ts';
import { newestPlans } from './newest-plans.ts';
import { refuseTakenKeys } from './taken-keys.ts';
import { isSamePlan } from './timeline-spans.ts';
import { replaceQuantities, replaceTimeline } from './write-timeline.ts';

/** A tenant is to come under another plan version. */
export interface PlanChangeOrder {
  readonly tenant: string;
  readonly planKey: string;
  /** Left out: the newest. */
  readonly planVersion?: number;
  readonly at: ChangeAt;
}

/** What a plan change comes to. What an add-on had until then of a fixed quantity goes on where the plan has it. */
export interface PlannedPlanChange extends LeftQuantities {
  readonly tenant: string;
  /** What holds just before the change. */
  readonly before: PlanVersion | null;
  readonly after: PlanVersion;
  readonly atMicros: EpochMicros;
  /** Changes that it takes the place of: those that were planned for later, and before now also those that hold already. */
  readonly dropped: readonly PlanSpan[];
  /** Whether the timeline says all this already. */
  readonly isUnchanged: boolean;
  /** The tenant's timeline of plans as it is then. */
  readonly plans: readonly PlanSpan[];
}

/**
 * What a plan change would come to: pure, so that a preview is the same code without the last step.
 *
 * @throws ChangeRefusedError saying why it cannot be, and the cure
 */
export function planPlanChange(
  snapshot: CatalogueSnapshot,
  order: PlanChangeOrder,
  nowMicros: EpochMicros,
): PlannedPlanChange {
  const entry = requireTenant(snapshot, order.tenant);
  const after = requirePlan(snapshot, entry, order);
  if (after.addOn === true) {
    const message = `plan ${after.key} is an add-on, which is held beside a plan: \`tollkeeper add-on add ${order.tenant} ${after.key}\``;
    throw new ChangeRefusedError('is_add_on', message);
  }
  const atMicros = changeInstant(entry, order.at, nowMicros);
  const next: PlanSpan = { plan: after, fromMicros: atMicros, toMicros: null };
  const plans = changedFrom(entry.plans, next, isSamePlan);
  refuseTakenKeys({ ...entry, plans }, atMicros);
  const left = leftQuantities(entry, { ...entry, plans }, atMicros);
  return {
    tenant: order.tenant,
    before: (itemAt(entry.plans, atMicros - 1) ?? itemAt(entry.plans, atMicros))?.plan ?? null,
    after,
    atMicros,
    dropped: entry.plans.filter((item) => item.fromMicros >= atMicros && !plans.some((kept) => isSameItem(kept, item))),
    isUnchanged: isSameTimeline(entry.plans, plans, isSamePlan) && left.changedQuantities.length === 0,
    plans,
    ...left,
  };
}

function isSameItem(one: PlanSpan, other: PlanSpan): boolean {
  return one.fromMicros === other.fromMicros && isSamePlan(one, other);
}

/** Changes a tenant's plan, by the steps of `changeTenant`. */
export async function changePlan(
  client: pg.PoolClient,
  order: PlanChangeOrder,
  nowMicros: EpochMicros,
): Promise<MadeChange<PlannedPlanChange>> {
  return changeTenant(client, {
    tenant: order.tenant,
    plan: (snapshot) => planPlanChange(snapshot, order, nowMicros),
    write: async ({ tenant, plans, ...left }) => {
      await replaceTimeline(client, { tenant, kind: 'plan', name: '' }, plans);
      await replaceQuantities(client, tenant, left);
    },
  });
}

/**
 * The plan version that an order names, in the tenant's currency.
 *
 * @throws ChangeRefusedError where there is none
 */
export function requirePlan(
  snapshot: CatalogueSnapshot,
  { tenant }: TenantEntry,
  order: Pick<PlanChangeOrder, 'planKey' | 'planVersion'>,
): PlanVersion {
  const plan = wantedVersion(snapshot, order);
  if (plan.currency === tenant.currency) return plan;
  const message = `plan ${planVersionName(plan.key, plan.version)} is priced in ${plan.currency}, tenant ${tenant.id} is billed in ${tenant.currency}: choose a plan of that currency`;
  throw new ChangeRefusedError('currency_mismatch', message);
}

function wantedVersion(
  snapshot: CatalogueSnapshot,
  { planKey, planVersion }: Pick<PlanChangeOrder, 'planKey' | 'planVersion'>,
): PlanVersion {
  const newest = newestPlans(snapshot.planVersions.values()).get(planKey);
  const wanted = planVersion === undefined ? newest : snapshot.planVersions.get(planVersionName(planKey, planVersion));
  if (wanted !== undefined) return wanted;
  const message =
    newest === undefined
      ? `there is no plan ${planKey}: define it with \`tollkeeper apply\``
      : `plan ${planKey} has no version ${String(planVersion)}; its newest is ${newest.version}`;
  throw new ChangeRefusedError('unknown_plan', message);
}
