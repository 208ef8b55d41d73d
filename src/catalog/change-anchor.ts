import type pg from 'pg';

import { formatInstant, requireInstant, type EpochMicros } from '../domain/instant.ts';
import { insertCalendarChange } from '../ledger/calendar-changes.ts';
import { lockGate } from '../ledger/gate.ts';
import { replacePeriods } from '../ledger/replace-periods.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { lockCatalogue, raiseCatalogueVersion } from './locked-catalogue.ts';
import { type AnchorOrder, planAnchorChange, type PlannedAnchorChange } from './plan-anchor-change.ts';
import { readCatalogue } from './read-catalogue.ts';

/**
 * Changes what a tenant's periods are counted from, and makes those that were made ahead anew. Idempotent by its outcome. The caller owns
 * the transaction.
 *
 * @throws ChangeRefusedError saying why it cannot be, and the cure
 */
export async function changeAnchor(
  client: pg.PoolClient,
  order: AnchorOrder,
  nowMicros: EpochMicros,
): Promise<PlannedAnchorChange & { readonly catalogueVersion: number }> {
  await lockCatalogue(client);
  // Whoever holds the gate is the only one who seals periods, and who makes them.
  await lockGate(client, order.tenant);
  const snapshot = await readCatalogue(client);
  const planned = planAnchorChange(snapshot, order, nowMicros);
  if (planned.isUnchanged) return { ...planned, catalogueVersion: snapshot.version };
  const { tenant, change, calendar, differsFromMicros } = planned;
  await insertCalendarChange(client, tenant, change, nowMicros);
  const fromMicros = requireInstant(change.startsAt);
  const booked = await replacePeriods(client, { tenant, calendar, fromMicros, differsFromMicros, nowMicros });
  if (booked !== undefined) {
    const message = `there are events up to ${formatInstant(booked)}, whose periods stay as they are: choose a boundary behind it`;
    throw new ChangeRefusedError('boundary_too_near', message);
  }
  return { ...planned, catalogueVersion: await raiseCatalogueVersion(client) };
}
