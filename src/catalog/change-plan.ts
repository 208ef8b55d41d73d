import type pg from 'pg';

import { formatInstant, requireInstant, type EpochMicros } from '../domain/instant.ts';
import { periodAt } from '../domain/period.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { changedFrom, isSameTimeline, itemAt } from '../domain/timeline.ts';
import { lockGate } from '../ledger/gate.ts';
import { type CatalogueSnapshot, type PlanSpan, planVersionName, type TenantEntry } from './catalogue-snapshot.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { lockCatalogue, raiseCatalogueVersion } from './locked-catalogue.ts';
import { readCatalogue } from './read-catalogue.ts';
import { refuseTakenKeys } from './taken-keys.ts';
import { isSamePlan } from './timeline-spans.ts';
import { moveToPlan } from './write-timeline.ts';

/** When a change takes effect: at once, with the tenant's next period, or at an instant whose period is not sealed. */
export type ChangeAt = 'now' | 'period_end' | EpochMicros;

/** A tenant is to come under another plan version. */
export interface PlanChangeOrder {
  readonly tenant: string;
  readonly planKey: string;
  /** Left out: the newest. */
  readonly planVersion?: number;
  readonly at: ChangeAt;
}

/** What a plan change comes to. */
export interface PlannedPlanChange {
  readonly tenant: string;
  /** What holds just before the change. */
  readonly before: PlanVersion | null;
  readonly after: PlanVersion;
  readonly atMicros: EpochMicros;
  /** Changes that were planned for later and are dropped. */
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
  const entry = snapshot.tenants.get(order.tenant);
  if (entry === undefined) throw new ChangeRefusedError('unknown_tenant', `there is no tenant ${order.tenant}`);
  const after = requirePlan(snapshot, entry, order);
  if (after.addOn === true) {
    const message = `plan ${after.key} is an add-on, which is held beside a plan: \`tollkeeper add-on add ${order.tenant} ${after.key}\``;
    throw new ChangeRefusedError('is_add_on', message);
  }
  const atMicros = changeInstant(entry, order.at, nowMicros);
  const next: PlanSpan = { plan: after, fromMicros: atMicros, toMicros: null };
  const plans = changedFrom(entry.plans, next, isSamePlan);
  refuseTakenKeys({ ...entry, plans }, atMicros);
  return {
    tenant: order.tenant,
    before: (itemAt(entry.plans, atMicros - 1) ?? itemAt(entry.plans, atMicros))?.plan ?? null,
    after,
    atMicros,
    dropped: entry.plans.filter(({ fromMicros }) => fromMicros >= atMicros && fromMicros > nowMicros),
    isUnchanged: isSameTimeline(entry.plans, plans, isSamePlan),
    plans,
  };
}

/** Changes a tenant's plan. Idempotent by its outcome: a timeline that says all this already stays as it is. The caller owns the transaction. */
export async function changePlan(
  client: pg.PoolClient,
  order: PlanChangeOrder,
  nowMicros: EpochMicros,
): Promise<PlannedPlanChange & { readonly catalogueVersion: number }> {
  await lockCatalogue(client);
  // Whoever holds the gate is the only one who seals: what is changed here is seen by the bill, or refused.
  await lockGate(client, order.tenant);
  const snapshot = await readCatalogue(client);
  const planned = planPlanChange(snapshot, order, nowMicros);
  if (planned.isUnchanged) return { ...planned, catalogueVersion: snapshot.version };
  const { tenant, after, atMicros } = planned;
  await moveToPlan(client, { tenant, planKey: after.key, planVersion: after.version, fromMicros: atMicros });
  return { ...planned, catalogueVersion: await raiseCatalogueVersion(client) };
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
  const versions = [...snapshot.planVersions.values()].filter(({ key }) => key === planKey);
  const newest = versions.reduce<PlanVersion | undefined>(
    (found, plan) => (found === undefined || plan.version > found.version ? plan : found),
    undefined,
  );
  const wanted = planVersion === undefined ? newest : versions.find(({ version }) => version === planVersion);
  if (wanted !== undefined) return wanted;
  const message =
    newest === undefined
      ? `there is no plan ${planKey}: define it with \`tollkeeper apply\``
      : `plan ${planKey} has no version ${String(planVersion)}; its newest is ${newest.version}`;
  throw new ChangeRefusedError('unknown_plan', message);
}

/**
 * The instant of a change of a tenant's timeline. A tenant whose billing has not begun is changed from its beginning.
 *
 * @throws ChangeRefusedError where the tenant is not billed then, or that period is sealed
 */
export function changeInstant(entry: TenantEntry, at: ChangeAt, nowMicros: EpochMicros): EpochMicros {
  const { billingStartMicros, endsAtMicros, gate, calendar } = entry;
  const tenant = entry.tenant.id;
  const now = Math.max(nowMicros, billingStartMicros);
  const wanted = at === 'now' ? now : at === 'period_end' ? periodAt(calendar, now)?.endMicros : at;
  if (wanted === undefined || (endsAtMicros !== null && wanted >= endsAtMicros)) {
    const end = endsAtMicros === null ? '' : ` at ${formatInstant(endsAtMicros)}`;
    throw new ChangeRefusedError('tenant_ended', `the billing of tenant ${tenant} ends${end}: nothing holds after it`);
  }
  if (wanted < billingStartMicros) {
    const message = `the billing of tenant ${tenant} begins at ${formatInstant(billingStartMicros)}: choose that instant or a later one`;
    throw new ChangeRefusedError('before_start', message);
  }
  if (wanted < gate.sealedThroughMicros) {
    const message = `the periods of tenant ${tenant} through ${formatInstant(gate.sealedThroughMicros)} are sealed and billed: choose that instant or a later one`;
    throw new ChangeRefusedError('period_sealed', message);
  }
  return wanted;
}

/** @throws ChangeRefusedError where what is to be held would end before it begins */
export function refuseEmpty(atMicros: EpochMicros, untilMicros: EpochMicros | null): void {
  if (untilMicros === null || untilMicros > atMicros) return;
  const message = `it would end at ${formatInstant(untilMicros)}, and begin at ${formatInstant(atMicros)}: choose a later end`;
  throw new ChangeRefusedError('ends_before_start', message);
}

/** Reads `now`, `period_end` or an RFC 3339 instant; throws `RangeError` on anything else. */
export function readChangeAt(text: string): ChangeAt {
  return text === 'now' || text === 'period_end' ? text : requireInstant(text);
}
