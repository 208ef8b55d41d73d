import type pg from 'pg';

import { formatInstant } from '../domain/instant.ts';
import type { LeftQuantities } from './add-on-quantities.ts';
import type { CatalogueWrites } from './catalogue-changes.ts';
import type { PlanSpan, PriceSpan, QuantitySpan } from './timeline-spans.ts';

/** Which of a tenant's timelines. `name`: the key of the add-on, the fixed quantity or the charge; of plans there is one timeline, without a name. */
export type TimelineName =
  | { readonly tenant: string; readonly kind: 'plan'; readonly name: '' }
  | { readonly tenant: string; readonly kind: 'add_on' | 'quantity' | 'price'; readonly name: string };

/** What stands on it: a plan version, so many, or a charge. */
type WrittenItem = Pick<PlanSpan, 'plan' | 'fromMicros' | 'toMicros'> | QuantitySpan | PriceSpan;

/**
 * Writes a timeline as it is to be, in the caller's transaction. What it is to be is for src/domain/timeline.ts to say; items that it has
 * already stay the same rows.
 */
export async function replaceTimeline(
  client: pg.PoolClient,
  { tenant, kind, name }: TimelineName,
  items: readonly WrittenItem[],
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

/** Writes those timelines of fixed quantities that a change leaves another way, in the caller's transaction. */
export async function replaceQuantities(
  client: pg.PoolClient,
  tenant: string,
  { quantities, changedQuantities }: LeftQuantities,
): Promise<void> {
  for (const name of changedQuantities) {
    const items = quantities.filter((item) => item.name === name);
    await replaceTimeline(client, { tenant, kind: 'quantity', name }, items);
  }
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
