import type pg from 'pg';

import { decimal } from '../domain/decimal.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { changedFrom, isSameTimeline, itemAt } from '../domain/timeline.ts';
import { quantitiesOfAddOns } from './add-on-quantities.ts';
import { type CatalogueSnapshot, planVersionName, type QuantitySpan } from './catalogue-snapshot.ts';
import { type ChangeAt, changeInstant } from './change-instant.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { changeTenant, type MadeChange, requireTenant } from './change-tenant.ts';
import { heldAt } from './effective-plans.ts';
import { withTimeline } from './named-timelines.ts';
import { replaceTimeline } from './write-timeline.ts';

/** A tenant is to hold so many of a fixed quantity. */
export interface QuantityOrder {
  readonly tenant: string;
  /** The key of a fixed quantity of the plan, or of an add-on, that holds then. */
  readonly name: string;
  /** A plain decimal, not negative. */
  readonly quantity: string;
  readonly at: ChangeAt;
}

/** What a change of a fixed quantity comes to. */
export interface PlannedQuantityChange {
  readonly tenant: string;
  readonly name: string;
  /** Just before the change. */
  readonly before: string;
  readonly after: string;
  readonly atMicros: EpochMicros;
  /** Whether the timeline says so already. */
  readonly isUnchanged: boolean;
  /** The timelines of all of the tenant's fixed quantities as they are then. */
  readonly quantities: readonly QuantitySpan[];
}

/** What a change would come to. @throws ChangeRefusedError saying why it cannot be, and the cure */
export function planQuantityChange(
  snapshot: CatalogueSnapshot,
  { tenant, name, quantity, at }: QuantityOrder,
  nowMicros: EpochMicros,
): PlannedQuantityChange {
  const entry = requireTenant(snapshot, tenant);
  const atMicros = changeInstant(entry, at, nowMicros);
  const held = heldAt(entry, atMicros);
  const known = held.flatMap(({ fixedQuantities = [] }) => fixedQuantities.map(({ key }) => key));
  if (!known.includes(name)) {
    const names = held.map(({ key, version }) => planVersionName(key, version)).join(', ') || 'nothing';
    const message = `what tenant ${tenant} holds then (${names}) has no fixed quantity ${name}; it has ${known.join(', ') || 'none'}`;
    throw new ChangeRefusedError('unknown_quantity', message);
  }
  const items = entry.quantities.filter((item) => nameOf(item) === name);
  const ordered = changedFrom(items, { name, quantity, fromMicros: atMicros, toMicros: null }, isSameQuantity);
  // Where an add-on that it belongs to has an end, it ends with that.
  const changed = quantitiesOfAddOns(entry, { ...entry, quantities: ordered }, atMicros);
  return {
    tenant,
    name,
    before: itemAt(items, atMicros - 1)?.quantity ?? '0',
    after: quantity,
    atMicros,
    isUnchanged: isSameTimeline(items, changed, isSameQuantity),
    quantities: withTimeline(entry.quantities, nameOf, name, changed),
  };
}

/** Changes how many a tenant holds, by the steps of `changeTenant`. */
export async function changeQuantity(
  client: pg.PoolClient,
  order: QuantityOrder,
  nowMicros: EpochMicros,
): Promise<MadeChange<PlannedQuantityChange>> {
  return changeTenant(client, {
    tenant: order.tenant,
    plan: (snapshot) => planQuantityChange(snapshot, order, nowMicros),
    write: ({ tenant, name, quantities }) => {
      const items = quantities.filter((item) => nameOf(item) === name);
      return replaceTimeline(client, { tenant, kind: 'quantity', name }, items);
    },
  });
}

function nameOf({ name }: QuantitySpan): string {
  return name;
}

function isSameQuantity(a: QuantitySpan, b: QuantitySpan): boolean {
  return decimal(a.quantity).eq(decimal(b.quantity));
}
