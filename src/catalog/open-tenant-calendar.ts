import type pg from 'pg';

import { requireInstant } from '../domain/instant.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Tenant } from '../domain/tenant.ts';
import { ensureGate } from '../ledger/gate.ts';
import { ensurePeriods } from '../ledger/periods.ts';
import { calendarOf } from './catalogue-snapshot.ts';

/** Calls of `ensurePeriods` for one tenant: enough for the past that a new tenant may have, and some. */
const CALLS_MAX = 20;

/**
 * Makes what a new tenant's first event needs: its gate, its periods up to one whole period ahead of the earliest instant that
 * ingest does not take yet, and the ledger's partitions for them. The caller owns the transaction.
 */
export async function openTenantCalendar(client: pg.PoolClient, tenant: Tenant, atMicros: EpochMicros): Promise<void> {
  await ensureGate(client, tenant.id, requireInstant(tenant.billingStart));
  for (let call = 0; call < CALLS_MAX; call += 1) {
    const { complete } = await ensurePeriods(client, tenant.id, calendarOf(tenant), atMicros);
    if (complete) return;
  }
  throw new Error(`tenant ${tenant.id} needs more periods than ${CALLS_MAX} calls make: choose a later billingStart`);
}
