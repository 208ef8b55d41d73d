import type pg from 'pg';

import type { Coupon } from '../domain/coupon.ts';
import { type EpochMicros, formatInstant, requireInstant } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { CatalogueWrites } from './catalogue-changes.ts';
import { openTenantCalendar } from './open-tenant-calendar.ts';
import { replaceQuantities, replaceTimeline } from './write-timeline.ts';

/** Writes planned changes in the caller's transaction. The catalogue version is the caller's to raise. */
export async function writeChanges(
  client: pg.PoolClient,
  writes: CatalogueWrites,
  atMicros: EpochMicros,
): Promise<void> {
  if (writes.issuer !== null) {
    await client.query('update installation set issuer = $1::jsonb', [JSON.stringify(writes.issuer)]);
  }
  await insertMeters(client, writes.meters);
  await insertPlans(client, writes.plans);
  await insertCoupons(client, writes.coupons, atMicros);
  for (const created of writes.newTenants) {
    await insertTenant(client, created.tenant);
    await insertItems(client, created);
    await openTenantCalendar(client, created.tenant, atMicros);
  }
  for (const tenant of writes.updatedTenants) await updateTenant(client, tenant);
  for (const { tenant, plans, ...left } of writes.planMoves) {
    await replaceTimeline(client, { tenant, kind: 'plan', name: '' }, plans);
    await replaceQuantities(client, tenant, left);
  }
}

async function insertMeters(client: pg.PoolClient, meters: readonly Meter[]): Promise<void> {
  if (meters.length === 0) return;
  const rows = meters.map(({ key, version, from, ...definition }) => ({
    key,
    version,
    from: from ?? null,
    definition,
  }));
  await client.query(
    `insert into meter (key, version, valid_from, definition)
     select r.key, r.version, r."from", r.definition
     from jsonb_to_recordset($1::jsonb) as r(key text, version integer, "from" timestamptz, definition jsonb)`,
    [JSON.stringify(rows)],
  );
}

async function insertPlans(client: pg.PoolClient, plans: readonly PlanVersion[]): Promise<void> {
  if (plans.length === 0) return;
  const rows = plans.map(({ key, version, ...definition }) => ({ key, version, definition }));
  await client.query(
    `insert into plan_version (key, version, definition)
     select r.key, r.version, r.definition
     from jsonb_to_recordset($1::jsonb) as r(key text, version integer, definition jsonb)`,
    [JSON.stringify(rows)],
  );
}

async function insertCoupons(client: pg.PoolClient, coupons: readonly Coupon[], atMicros: EpochMicros): Promise<void> {
  if (coupons.length === 0) return;
  const rows = coupons.map(({ key, ...definition }) => ({ key, definition }));
  await client.query(
    `insert into coupon (key, definition, created_at)
     select r.key, r.definition, $2::timestamptz
     from jsonb_to_recordset($1::jsonb) as r(key text, definition jsonb)`,
    [JSON.stringify(rows), formatInstant(atMicros)],
  );
}

/** In the order of the statements' parameters. */
function tenantValues(tenant: Tenant): unknown[] {
  return [
    tenant.id,
    tenant.name,
    tenant.endsAt,
    tenant.lateWindowSeconds,
    JSON.stringify(tenant.taxRates),
    tenant.paymentTermsDays,
    tenant.billTo,
    JSON.stringify(tenant.buyer),
    JSON.stringify(tenant.limits),
    tenant.taxesIncluded ?? false,
    tenant.taxExemption ?? null,
    tenant.trialDays ?? null,
  ];
}

async function insertTenant(client: pg.PoolClient, tenant: Tenant): Promise<void> {
  await client.query(
    `insert into tenant (id, name, ends_at, late_window_seconds, tax_rates, payment_terms_days, bill_to, buyer, limits,
       taxes_included, tax_exemption, trial_days, currency, time_zone, billing_start, period_length, paused)
     values ($1::text, $2::text, $3::timestamptz, $4::bigint, $5::jsonb, $6::integer, $7::text, $8::jsonb, $9::jsonb,
       $10::boolean, $11::text, $12::integer, $13::text, $14::text, $15::timestamptz, $16::text, $17::boolean)`,
    [
      ...tenantValues(tenant),
      tenant.currency,
      tenant.timeZone,
      tenant.billingStart,
      tenant.periodLength,
      tenant.paused,
    ],
  );
}

async function updateTenant(client: pg.PoolClient, tenant: Tenant): Promise<void> {
  await client.query(
    `update tenant
     set name = $2::text, ends_at = $3::timestamptz, late_window_seconds = $4::bigint, tax_rates = $5::jsonb,
       payment_terms_days = $6::integer, bill_to = $7::text, buyer = $8::jsonb, limits = $9::jsonb,
       taxes_included = $10::boolean, tax_exemption = $11::text, trial_days = $12::integer
     where id = $1::text`,
    tenantValues(tenant),
  );
}

/** What a new tenant holds from its billing start on. */
async function insertItems(
  client: pg.PoolClient,
  { tenant: { id: tenant, billingStart }, plan, quantities, addOns, prices }: CatalogueWrites['newTenants'][number],
): Promise<void> {
  const always = { fromMicros: requireInstant(billingStart), toMicros: null };
  await replaceTimeline(client, { tenant, kind: 'plan', name: '' }, [{ plan, ...always }]);
  for (const { name, quantity } of quantities) {
    await replaceTimeline(client, { tenant, kind: 'quantity', name }, [{ name, quantity, ...always }]);
  }
  for (const addOn of addOns) {
    await replaceTimeline(client, { tenant, kind: 'add_on', name: addOn.key }, [{ plan: addOn, ...always }]);
  }
  for (const charge of prices) {
    await replaceTimeline(client, { tenant, kind: 'price', name: charge.key }, [{ charge, ...always }]);
  }
}
