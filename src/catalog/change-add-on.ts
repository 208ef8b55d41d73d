import type pg from 'pg';

import type { EpochMicros } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { changedFrom, endedFrom, isSameTimeline, itemAt } from '../domain/timeline.ts';
import { type LeftQuantities, leftQuantities } from './add-on-quantities.ts';
import { type CatalogueSnapshot, planVersionName, type TenantEntry } from './catalogue-snapshot.ts';
import { type ChangeAt, changeInstant, refuseEmpty } from './change-instant.ts';
import { requirePlan } from './change-plan.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { changeTenant, type MadeChange, requireTenant } from './change-tenant.ts';
import { ADD_ONS_MAX } from './check-holdings.ts';
import { countHeldFrom, notHeld, withTimeline } from './named-timelines.ts';
import { strandedPrice, strandedPriceSentence } from './stranded-price.ts';
import { refuseTakenKeys } from './taken-keys.ts';
import { isSamePlan, type PlanSpan } from './timeline-spans.ts';
import { replaceQuantities, replaceTimeline } from './write-timeline.ts';

/** A tenant is to hold an add-on from an instant on, or not any more. */
export interface AddOnOrder {
  readonly tenant: string;
  /** The key of the add-on. */
  readonly planKey: string;
  /** Left out: the newest. */
  readonly planVersion?: number;
  readonly at: ChangeAt;
  /** `add`: held from `at` on; `remove`: not any more. Either way, what was planned for later is replaced. */
  readonly action: 'add' | 'remove';
  /** Of one that is added: where it ends. Left out: it stays. */
  readonly untilMicros?: EpochMicros;
}

/** What a change of an add-on comes to. */
export interface PlannedAddOnChange extends LeftQuantities {
  readonly tenant: string;
  readonly planKey: string;
  /** What is held of it just before the change. */
  readonly before: PlanVersion | null;
  readonly after: PlanVersion | null;
  readonly atMicros: EpochMicros;
  readonly untilMicros: EpochMicros | null;
  /** Whether the timeline says all this already. */
  readonly isUnchanged: boolean;
  /** The timelines of all of the tenant's add-ons as they are then. */
  readonly addOns: readonly PlanSpan[];
}

/**
 * What a change of an add-on would come to: pure, so that a preview is the same code without the last step.
 *
 * @throws ChangeRefusedError saying why it cannot be, and the cure
 */
export function planAddOnChange(
  snapshot: CatalogueSnapshot,
  order: AddOnOrder,
  nowMicros: EpochMicros,
): PlannedAddOnChange {
  const { tenant, planKey, action, untilMicros = null } = order;
  const entry = requireTenant(snapshot, tenant);
  const plan = requireAddOn(snapshot, entry, order);
  const atMicros = changeInstant(entry, order.at, nowMicros);
  refuseEmpty(atMicros, untilMicros);
  const items = entry.addOns.filter((span) => keyOf(span) === planKey);
  if (action === 'remove' && items.length === 0) throw notHeld(tenant, `add-on ${planKey}`);
  const changed =
    action === 'remove'
      ? endedFrom(items, atMicros)
      : changedFrom(items, { plan, fromMicros: atMicros, toMicros: untilMicros }, isSamePlan);
  const addOns = withTimeline(entry.addOns, keyOf, planKey, changed);
  refuseTooMany(addOns, atMicros, entry);
  refuseTakenKeys({ ...entry, addOns }, atMicros);
  refuseStrandedPrices(entry, addOns);
  const left = leftQuantities(entry, { ...entry, addOns }, atMicros);
  return {
    tenant,
    planKey,
    before: itemAt(items, atMicros - 1)?.plan ?? null,
    after: action === 'remove' ? null : plan,
    atMicros,
    untilMicros: action === 'remove' ? null : untilMicros,
    isUnchanged: isSameTimeline(items, changed, isSamePlan) && left.changedQuantities.length === 0,
    addOns,
    ...left,
  };
}

/** Adds or removes an add-on, by the steps of `changeTenant`. */
export async function changeAddOn(
  client: pg.PoolClient,
  order: AddOnOrder,
  nowMicros: EpochMicros,
): Promise<MadeChange<PlannedAddOnChange>> {
  return changeTenant(client, {
    tenant: order.tenant,
    plan: (snapshot) => planAddOnChange(snapshot, order, nowMicros),
    write: async ({ tenant, planKey: name, addOns, ...left }) => {
      const items = addOns.filter((span) => keyOf(span) === name);
      await replaceTimeline(client, { tenant, kind: 'add_on', name }, items);
      await replaceQuantities(client, tenant, left);
    },
  });
}

function requireAddOn(snapshot: CatalogueSnapshot, entry: TenantEntry, order: AddOnOrder): PlanVersion {
  const plan = requirePlan(snapshot, entry, order);
  if (plan.addOn === true) return plan;
  const name = planVersionName(plan.key, plan.version);
  const message = `plan ${name} is no add-on: bring the tenant under it with \`tollkeeper change-plan\`, or define it with addOn: true`;
  throw new ChangeRefusedError('no_add_on', message);
}

function refuseTooMany(addOns: readonly PlanSpan[], atMicros: EpochMicros, { tenant }: TenantEntry): void {
  const count = countHeldFrom(addOns, keyOf, atMicros);
  if (count <= ADD_ONS_MAX) return;
  const message = `tenant ${tenant.id} would hold ${count} add-ons, at most ${ADD_ONS_MAX} are allowed: put some of them together`;
  throw new ChangeRefusedError('too_many', message);
}

function refuseStrandedPrices(entry: TenantEntry, addOns: readonly PlanSpan[]): void {
  const stranded = strandedPrice(entry, addOns);
  if (stranded === undefined) return;
  throw new ChangeRefusedError('price_stranded', `tenant ${entry.tenant.id}: ${strandedPriceSentence(stranded)}`);
}

function keyOf({ plan }: PlanSpan): string {
  return plan.key;
}
