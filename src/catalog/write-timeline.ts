import type pg from 'pg';

import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { PlanMove } from './catalogue-changes.ts';

/**
 * Brings a tenant under a plan version from an instant on, in the caller's transaction, as `changedFrom` of src/domain/timeline.ts
 * says: what began before ends there, what was to begin there or later is dropped, and the same plan goes on uncut.
 */
export async function moveToPlan(client: pg.PoolClient, move: PlanMove): Promise<void> {
  const from = formatInstant(move.fromMicros);
  await client.query(
    `delete from tenant_item where tenant = $1::text and kind = 'plan' and valid_from >= $2::timestamptz`,
    [move.tenant, from],
  );
  await client.query(
    `update tenant_item
     set valid_to = case when plan_key = $3::text and plan_version = $4::integer then null else $2::timestamptz end
     where tenant = $1::text and kind = 'plan' and (valid_to is null or valid_to >= $2::timestamptz)`,
    [move.tenant, from, move.planKey, move.planVersion],
  );
  await client.query(
    `insert into tenant_item (tenant, kind, plan_key, plan_version, valid_from)
     select $1::text, 'plan', $3::text, $4::integer, $2::timestamptz
     where not exists (select from tenant_item where tenant = $1::text and kind = 'plan' and valid_to is null)`,
    [move.tenant, from, move.planKey, move.planVersion],
  );
}

/** A tenant holds so many of a fixed quantity from an instant on. */
export interface QuantityHold {
  readonly tenant: string;
  readonly name: string;
  /** A plain decimal. */
  readonly quantity: string;
  readonly fromMicros: EpochMicros;
}

/** Changes how many of a fixed quantity a tenant holds, in the caller's transaction, in the same way as `moveToPlan`. */
export async function holdQuantity(client: pg.PoolClient, hold: QuantityHold): Promise<void> {
  const { tenant, name, quantity } = hold;
  const from = formatInstant(hold.fromMicros);
  await client.query(
    `delete from tenant_item
     where tenant = $1::text and kind = 'quantity' and name = $2::text and valid_from >= $3::timestamptz`,
    [tenant, name, from],
  );
  await client.query(
    `update tenant_item
     set valid_to = case when quantity = $4::numeric then null else $3::timestamptz end
     where tenant = $1::text and kind = 'quantity' and name = $2::text
       and (valid_to is null or valid_to >= $3::timestamptz)`,
    [tenant, name, from, quantity],
  );
  await client.query(
    `insert into tenant_item (tenant, kind, name, quantity, valid_from)
     select $1::text, 'quantity', $2::text, $4::numeric, $3::timestamptz
     where not exists (
       select from tenant_item where tenant = $1::text and kind = 'quantity' and name = $2::text and valid_to is null
     )`,
    [tenant, name, from, quantity],
  );
}
