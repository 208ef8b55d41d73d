import type pg from 'pg';

import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { CatalogueWrites, PlanMove } from './catalogue-changes.ts';
import type { PlanSpan, PriceSpan, QuantitySpan } from './timeline-spans.ts';

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
 * Brings a tenant under a newer version of the plan it is on, or of an add-on that it holds, from an instant on, in the caller's transaction. What is planned behind
 * that stays, but for older versions of the same plan.
 */
export async function moveVersions(client: pg.PoolClient, move: PlanMove): Promise<void> {
  const values = [move.tenant, move.planKey, move.planVersion, formatInstant(move.fromMicros)];
  const older = `tenant = $1::text and kind in ('plan', 'add_on') and plan_key = $2::text and plan_version < $3::integer`;
  const isCut = `valid_from < $4::timestamptz and (valid_to is null or valid_to > $4::timestamptz)`;
  await client.query(
    `update tenant_item set plan_version = $3::integer where ${older} and valid_from >= $4::timestamptz`,
    values,
  );
  await client.query(
    `insert into tenant_item (tenant, kind, name, plan_key, plan_version, valid_from, valid_to)
     select tenant, kind, name, plan_key, $3::integer, $4::timestamptz, valid_to from tenant_item where ${older} and ${isCut}`,
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

/** Whose timeline of an add-on, a fixed quantity or a private price; `name` is the key of that, for a price of the charge. */
export interface NamedTimeline {
  readonly tenant: string;
  readonly kind: 'add_on' | 'quantity' | 'price';
  readonly name: string;
}

/** What stands on it: a plan version, so many, or a charge. */
type NamedItem = Pick<PlanSpan, 'plan' | 'fromMicros' | 'toMicros'> | QuantitySpan | PriceSpan;

/** Writes the timeline of an add-on, a fixed quantity or a private price as it is to be, in the caller's transaction. What stays is not touched. */
export async function replaceTimeline(
  client: pg.PoolClient,
  { tenant, kind, name }: NamedTimeline,
  items: readonly NamedItem[],
): Promise<void> {
  const rows = items.map((item) => ({
    plan_key: 'plan' in item ? item.plan.key : null,
    plan_version: 'plan' in item ? item.plan.version : null,
    charge: 'charge' in item ? item.charge : null,
    quantity: 'quantity' in item ? item.quantity : null,
    valid_from: formatInstant(item.fromMicros),
    valid_to: item.toMicros === null ? null : formatInstant(item.toMicros),
  }));
  const values = [tenant, kind, name, JSON.stringify(rows)];
  await client.query(
    `delete from tenant_item
     where tenant = $1::text and kind = $2::text and name = $3::text and valid_from not in (
       select r.valid_from from jsonb_to_recordset($4::jsonb) as r(valid_from timestamptz)
     )`,
    values,
  );
  await client.query(
    `insert into tenant_item (tenant, kind, name, plan_key, plan_version, charge, quantity, valid_from, valid_to)
     select $1::text, $2::text, $3::text, r.plan_key, r.plan_version, r.charge, r.quantity, r.valid_from, r.valid_to
     from jsonb_to_recordset($4::jsonb) as r(plan_key text, plan_version integer, charge jsonb, quantity numeric,
       valid_from timestamptz, valid_to timestamptz)
     on conflict (tenant, kind, name, valid_from) do update
     set plan_key = excluded.plan_key, plan_version = excluded.plan_version, charge = excluded.charge,
       quantity = excluded.quantity, valid_to = excluded.valid_to`,
    values,
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
