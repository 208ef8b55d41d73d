import type pg from 'pg';

import { decimal } from '../domain/decimal.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { changedFrom, isSameTimeline, itemAt } from '../domain/timeline.ts';
import { lockGate } from '../ledger/gate.ts';
import { type CatalogueSnapshot, planVersionName, type QuantitySpan } from './catalogue-snapshot.ts';
import { type ChangeAt, changeInstant } from './change-plan.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { heldAt } from './effective-plans.ts';
import { lockCatalogue, raiseCatalogueVersion } from './locked-catalogue.ts';
import { readCatalogue } from './read-catalogue.ts';
import { holdQuantity } from './write-timeline.ts';

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
}

/** What a change would come to. @throws ChangeRefusedError saying why it cannot be, and the cure */
export function planQuantityChange(
  snapshot: CatalogueSnapshot,
  { tenant, name, quantity, at }: QuantityOrder,
  nowMicros: EpochMicros,
): PlannedQuantityChange {
  const entry = snapshot.tenants.get(tenant);
  if (entry === undefined) throw new ChangeRefusedError('unknown_tenant', `there is no tenant ${tenant}`);
  const atMicros = changeInstant(entry, at, nowMicros);
  const held = heldAt(entry, atMicros);
  const known = held.flatMap(({ fixedQuantities = [] }) => fixedQuantities.map(({ key }) => key));
  if (!known.includes(name)) {
    const names = held.map(({ key, version }) => planVersionName(key, version)).join(', ') || 'nothing';
    const message = `what tenant ${tenant} holds then (${names}) has no fixed quantity ${name}; it has ${known.join(', ') || 'none'}`;
    throw new ChangeRefusedError('unknown_quantity', message);
  }
  const items = entry.quantities.filter((item) => item.name === name);
  const changed = changedFrom(items, { name, quantity, fromMicros: atMicros, toMicros: null }, isSameQuantity);
  return {
    tenant,
    name,
    before: itemAt(items, atMicros - 1)?.quantity ?? '0',
    after: quantity,
    atMicros,
    isUnchanged: isSameTimeline(items, changed, isSameQuantity),
  };
}

/** Changes how many a tenant holds. Idempotent by its outcome. The caller owns the transaction. */
export async function changeQuantity(
  client: pg.PoolClient,
  order: QuantityOrder,
  nowMicros: EpochMicros,
): Promise<PlannedQuantityChange & { readonly catalogueVersion: number }> {
  await lockCatalogue(client);
  await lockGate(client, order.tenant);
  const snapshot = await readCatalogue(client);
  const planned = planQuantityChange(snapshot, order, nowMicros);
  if (planned.isUnchanged) return { ...planned, catalogueVersion: snapshot.version };
  const { tenant, name, after: quantity, atMicros: fromMicros } = planned;
  await holdQuantity(client, { tenant, name, quantity, fromMicros });
  return { ...planned, catalogueVersion: await raiseCatalogueVersion(client) };
}

function isSameQuantity(a: QuantitySpan, b: QuantitySpan): boolean {
  return decimal(a.quantity).eq(decimal(b.quantity));
}
