import type pg from 'pg';

import { formatInstant, requireInstant, type EpochMicros } from '../domain/instant.ts';
import { insertCalendarChange } from '../ledger/calendar-changes.ts';
import { replacePeriods } from '../ledger/replace-periods.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { changeTenant, type MadeChange } from './change-tenant.ts';
import { type AnchorOrder, planAnchorChange, type PlannedAnchorChange } from './plan-anchor-change.ts';

/**
 * Changes what a tenant's periods are counted from, by the steps of `changeTenant`, and makes those that were made ahead anew.
 *
 * @throws ChangeRefusedError saying why it cannot be, and the cure
 */
export async function changeAnchor(
  client: pg.PoolClient,
  order: AnchorOrder,
  nowMicros: EpochMicros,
): Promise<MadeChange<PlannedAnchorChange>> {
  return changeTenant(client, {
    tenant: order.tenant,
    plan: (snapshot) => planAnchorChange(snapshot, order, nowMicros),
    write: (planned) => writeAnchorChange(client, planned, nowMicros),
  });
}

async function writeAnchorChange(
  client: pg.PoolClient,
  { tenant, change, calendar, differsFromMicros }: PlannedAnchorChange,
  nowMicros: EpochMicros,
): Promise<void> {
  await insertCalendarChange(client, tenant, change, nowMicros);
  const fromMicros = requireInstant(change.startsAt);
  const booked = await replacePeriods(client, { tenant, calendar, fromMicros, differsFromMicros, nowMicros });
  if (booked === undefined) return;
  const message = `there are events up to ${formatInstant(booked)}, whose periods stay as they are: choose a boundary behind it`;
  throw new ChangeRefusedError('boundary_too_near', message);
}
