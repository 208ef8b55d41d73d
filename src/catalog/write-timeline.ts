import type pg from 'pg';

import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { CatalogueWrites, PlanMove } from './catalogue-changes.ts';

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

/**
 * Brings a tenant under a newer version of the plan it is on, from an instant on, in the caller's transaction. What is planned behind
 * that stays, but for older versions of the same plan.
 */
export async function moveVersions(client: pg.PoolClient, move: PlanMove): Promise<void> {
  const values = [move.tenant, move.planKey, move.planVersion, formatInstant(move.fromMicros)];
  const older = `tenant = $1::text and kind = 'plan' and plan_key = $2::text and plan_version < $3::integer`;
  const isCut = `valid_from < $4::timestamptz and (valid_to is null or valid_to > $4::timestamptz)`;
  await client.query(
    `update tenant_item set plan_version = $3::integer where ${older} and valid_from >= $4::timestamptz`,
    values,
  );
  await client.query(
    `insert into tenant_item (tenant, kind, plan_key, plan_version, valid_from, valid_to)
     select tenant, kind, plan_key, $3::integer, $4::timestamptz, valid_to from tenant_item where ${older} and ${isCut}`,
    values,
  );
  await client.query(`update tenant_item set valid_to = $4::timestamptz where ${older} and ${isCut}`, values);
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

/** Remembers what the file says of the plans of tenants, in the caller's transaction. */
export async function writePlansOfFile(client: pg.PoolClient, said: CatalogueWrites['plansOfFile']): Promise<void> {
  if (said.length === 0) return;
  await client.query(
    `update tenant set plan_of_file = said.plan
     from unnest($1::text[], $2::text[]) as said (tenant, plan)
     where tenant.id = said.tenant`,
    [said.map(({ tenant }) => tenant), said.map(({ plan }) => plan)],
  );
}
