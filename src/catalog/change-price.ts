import type pg from 'pg';

import { canonicalJson } from '../domain/canonical.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Charge } from '../domain/plan.ts';
import { changedFrom, endedFrom, isSameTimeline } from '../domain/timeline.ts';
import type { CatalogueSnapshot, PriceSpan, TenantEntry } from './catalogue-snapshot.ts';
import { type ChangeAt, changeInstant, refuseEmpty } from './change-instant.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { changeTenant, type MadeChange, requireTenant } from './change-tenant.ts';
import { checkPrivatePrice, PRICES_MAX } from './check-holdings.ts';
import { heldAt, isPriceOfAddOn } from './effective-plans.ts';
import type { PlanCheck } from './known-definitions.ts';
import { countHeldFrom, notHeld, withTimeline } from './named-timelines.ts';
import { refuseTakenKeys } from './taken-keys.ts';
import { replaceTimeline } from './write-timeline.ts';

/** A tenant is to have a charge of its own from an instant on, or not any more. */
export interface PriceOrder {
  readonly tenant: string;
  /** The key of the charge that it takes the place of. */
  readonly key: string;
  /** `null`: from `at` on it is the plan's again. */
  readonly charge: Charge | null;
  readonly at: ChangeAt;
  /** Where it ends. Left out: it stays. */
  readonly untilMicros?: EpochMicros;
}

/** What a change of a private price comes to. */
export interface PlannedPriceChange {
  readonly tenant: string;
  readonly key: string;
  /** What is charged just before the change, its own or the plan's; `null`: nothing has such a charge. */
  readonly before: Charge | null;
  /** What is charged from then on. */
  readonly after: Charge | null;
  /** Whose charge it is from then on: of a plan or an add-on by its key. `null`: nothing has such a charge. */
  readonly plan: string | null;
  readonly atMicros: EpochMicros;
  readonly untilMicros: EpochMicros | null;
  /** Whether the timeline says all this already. */
  readonly isUnchanged: boolean;
  /** The timelines of all of the tenant's own prices as they are then. */
  readonly prices: readonly PriceSpan[];
}

/**
 * What a change of a private price would come to: pure, so that a preview is the same code without the last step.
 *
 * @throws ChangeRefusedError saying why it cannot be, and the cure
 */
export function planPriceChange(
  snapshot: CatalogueSnapshot,
  order: PriceOrder,
  nowMicros: EpochMicros,
  checkPlan: PlanCheck,
): PlannedPriceChange {
  const { tenant, key, charge, untilMicros = null } = order;
  const entry = requireTenant(snapshot, tenant);
  if (charge !== null) refuseUnpriceable(snapshot, entry, charge, checkPlan);
  const atMicros = changeInstant(entry, order.at, nowMicros);
  refuseEmpty(atMicros, untilMicros);
  const items = entry.prices.filter((span) => keyOf(span) === key);
  if (charge === null && items.length === 0) throw notHeld(tenant, `price of its own for ${key}`);
  const changed =
    charge === null
      ? endedFrom(items, atMicros)
      : changedFrom(items, { charge, fromMicros: atMicros, toMicros: untilMicros }, (one, other) => {
          return isSamePrice(one, other) && hasSameOwner(entry, one, other);
        });
  const prices = withTimeline(entry.prices, keyOf, key, changed);
  const then: TenantEntry = { ...entry, prices };
  refuseTooMany(then, atMicros);
  refuseTakenKeys(then, atMicros);
  const after = chargeAt(then, key, atMicros);
  return {
    tenant,
    key,
    before: (chargeAt(entry, key, atMicros - 1) ?? chargeAt(entry, key, atMicros))?.charge ?? null,
    after: after?.charge ?? null,
    plan: after?.plan ?? null,
    atMicros,
    untilMicros: charge === null ? null : untilMicros,
    isUnchanged: isSameTimeline(items, changed, isSamePrice),
    prices,
  };
}

/** Gives a tenant a price of its own, or ends it, by the steps of `changeTenant`. */
export async function changePrice(
  client: pg.PoolClient,
  order: PriceOrder,
  nowMicros: EpochMicros,
  checkPlan: PlanCheck,
): Promise<MadeChange<PlannedPriceChange>> {
  return changeTenant(client, {
    tenant: order.tenant,
    plan: (snapshot) => planPriceChange(snapshot, order, nowMicros, checkPlan),
    write: ({ tenant, key: name, prices }) => {
      const items = prices.filter((span) => keyOf(span) === name);
      return replaceTimeline(client, { tenant, kind: 'price', name }, items);
    },
  });
}

/** A charge of its own is what a charge of a plan could be. */
function refuseUnpriceable(
  { meters }: CatalogueSnapshot,
  { tenant }: TenantEntry,
  charge: Charge,
  checkPlan: PlanCheck,
): void {
  const problems = checkPrivatePrice(charge, tenant.currency, meters, checkPlan);
  if (problems.length === 0) return;
  const sentences = problems.map(({ path, message }) => `${path}: ${message}`);
  throw new ChangeRefusedError('invalid_charge', `charge ${charge.key}: ${sentences.join('; ')}`);
}

function refuseTooMany({ prices, tenant }: TenantEntry, atMicros: EpochMicros): void {
  const count = countHeldFrom(prices, keyOf, atMicros);
  if (count <= PRICES_MAX) return;
  const message = `tenant ${tenant.id} would have ${count} prices of its own, at most ${PRICES_MAX} are allowed: define a plan for it`;
  throw new ChangeRefusedError('too_many', message);
}

/** The charge of a key that the tenant pays at an instant, and whose it is. */
function chargeAt(entry: TenantEntry, key: string, atMicros: EpochMicros) {
  for (const plan of heldAt(entry, atMicros)) {
    const charge = plan.charges.find((one) => one.key === key);
    if (charge !== undefined) return { charge, plan: plan.key };
  }
  return undefined;
}

function isSamePrice(a: PriceSpan, b: PriceSpan): boolean {
  return canonicalJson(a.charge) === canonicalJson(b.charge);
}

/** Whose a price is stays as it was when it began: the same price for something else begins anew. */
function hasSameOwner({ addOns }: TenantEntry, one: PriceSpan, other: PriceSpan): boolean {
  return isPriceOfAddOn(one, addOns) === isPriceOfAddOn(other, addOns);
}

function keyOf({ charge }: PriceSpan): string {
  return charge.key;
}
