import { type CalendarChangeJson, calendarChangesSql, changesOf } from '../ledger/calendar-changes.ts';
import type { Queryable } from '../ledger/database.ts';
import type { Coupon } from '../domain/coupon.ts';
import { formatInstant, requireInstant } from '../domain/instant.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { Limit, PlanVersion } from '../domain/plan.ts';
import type { PeriodLength } from '../domain/period-length.ts';
import type { Party, TaxRate, Tenant } from '../domain/tenant.ts';
import { calendarOf, planVersionName } from './catalogue-snapshot.ts';
import { meterSpansOf } from './meter-spans.ts';
import type { CatalogueSnapshot, PartitionSpan, TenantEntry } from './catalogue-snapshot.ts';
import type { PlanSpan, PriceSpan, QuantitySpan } from './timeline-spans.ts';

interface TenantRow {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly billingStartMicros: EpochMicros;
  readonly endsAtMicros: EpochMicros | null;
  readonly periodLength: PeriodLength;
  readonly lateWindowSeconds: number;
  readonly taxRates: readonly TaxRate[];
  readonly taxesIncluded: boolean;
  readonly taxExemption: string | null;
  readonly paymentTermsDays: number;
  readonly billTo: string;
  readonly buyer: Party;
  readonly paused: boolean;
  readonly limits: readonly Limit[];
  readonly trialDays: number | null;
  readonly planOfFile: string | null;
  readonly gateVersion: number;
  readonly sealedThroughMicros: EpochMicros;
  readonly periodsThroughMicros: EpochMicros;
  readonly calendarChanges: readonly CalendarChangeJson[] | null;
  readonly items: readonly ItemRow[] | null;
  readonly quantities: readonly QuantitySpan[] | null;
  readonly addOns: readonly ItemRow[] | null;
  readonly prices: readonly PriceSpan[] | null;
}

interface ItemRow {
  readonly planKey: string;
  readonly planVersion: number;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros | null;
}

interface MeterRow extends Meter {
  readonly validFromMicros: EpochMicros | null;
}

interface CatalogueRow {
  readonly version: number;
  readonly mode: 'test' | 'live';
  readonly issuer: Party;
  readonly digest_secret: Buffer;
  readonly meters: readonly MeterRow[];
  readonly plans: readonly PlanVersion[];
  readonly coupons: readonly Coupon[];
  readonly tenants: readonly TenantRow[];
  readonly partitions: readonly string[];
}

/**
 * One statement, so that version, definitions and gates belong together without a transaction of its own. JSON numbers are
 * exact here: microseconds and versions are safe integers, and decimals travel as text.
 */
const READ_CATALOGUE = `
select
  c.version::float8 as version,
  i.mode,
  i.issuer,
  i.digest_secret,
  coalesce((
    select jsonb_agg(m.definition || jsonb_build_object('key', m.key, 'version', m.version, 'validFromMicros',
      (extract(epoch from m.valid_from) * 1000000)::bigint) order by m.key, m.version)
    from meter m
  ), '[]'::jsonb) as meters,
  coalesce((
    select jsonb_agg(p.definition || jsonb_build_object('key', p.key, 'version', p.version) order by p.key, p.version)
    from plan_version p
  ), '[]'::jsonb) as plans,
  coalesce((
    select jsonb_agg(k.definition || jsonb_build_object('key', k.key) order by k.key) from coupon k
  ), '[]'::jsonb) as coupons,
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'id', t.id, 'name', t.name, 'currency', t.currency, 'timeZone', t.time_zone,
      'billingStartMicros', (extract(epoch from t.billing_start) * 1000000)::bigint,
      'endsAtMicros', (extract(epoch from t.ends_at) * 1000000)::bigint,
      'periodLength', t.period_length, 'lateWindowSeconds', t.late_window_seconds, 'taxRates', t.tax_rates,
      'taxesIncluded', t.taxes_included, 'taxExemption', t.tax_exemption,
      'paymentTermsDays', t.payment_terms_days, 'billTo', t.bill_to, 'buyer', t.buyer, 'paused', t.paused,
      'limits', t.limits, 'trialDays', t.trial_days, 'planOfFile', t.plan_of_file,
      'gateVersion', coalesce(g.version, 1),
      'sealedThroughMicros', (extract(epoch from coalesce(g.sealed_through, t.billing_start)) * 1000000)::bigint,
      'periodsThroughMicros', (extract(epoch from coalesce((
        select b.period_end from billing_period b where b.tenant = t.id order by b.period_start desc limit 1
      ), t.billing_start)) * 1000000)::bigint,
      'calendarChanges', ${calendarChangesSql('t.id')},
      'items', (
        select jsonb_agg(jsonb_build_object(
          'planKey', m.plan_key, 'planVersion', m.plan_version,
          'fromMicros', (extract(epoch from m.valid_from) * 1000000)::bigint,
          'toMicros', (extract(epoch from m.valid_to) * 1000000)::bigint) order by m.valid_from)
        from tenant_item m where m.tenant = t.id and m.kind = 'plan'
      ),
      'quantities', (
        select jsonb_agg(jsonb_build_object(
          'name', m.name, 'quantity', trim_scale(m.quantity)::text,
          'fromMicros', (extract(epoch from m.valid_from) * 1000000)::bigint,
          'toMicros', (extract(epoch from m.valid_to) * 1000000)::bigint) order by m.name, m.valid_from)
        from tenant_item m where m.tenant = t.id and m.kind = 'quantity'
      ),
      'addOns', (
        select jsonb_agg(jsonb_build_object(
          'planKey', m.plan_key, 'planVersion', m.plan_version,
          'fromMicros', (extract(epoch from m.valid_from) * 1000000)::bigint,
          'toMicros', (extract(epoch from m.valid_to) * 1000000)::bigint) order by m.name collate "C", m.valid_from)
        from tenant_item m where m.tenant = t.id and m.kind = 'add_on'
      ),
      'prices', (
        select jsonb_agg(jsonb_build_object(
          'charge', m.charge,
          'fromMicros', (extract(epoch from m.valid_from) * 1000000)::bigint,
          'toMicros', (extract(epoch from m.valid_to) * 1000000)::bigint) order by m.name collate "C", m.valid_from)
        from tenant_item m where m.tenant = t.id and m.kind = 'price'
      )) order by t.id)
    from tenant t left join gate g on g.tenant = t.id
  ), '[]'::jsonb) as tenants,
  coalesce((
    select jsonb_agg(child.relname order by child.relname)
    from pg_inherits link join pg_class child on child.oid = link.inhrelid
    where link.inhparent = 'usage_event'::regclass
  ), '[]'::jsonb) as partitions
from catalogue_version c cross join installation i`;

/** Thrown when the database has no installation row yet: the API's preparation step makes it. */
export class InstallationMissingError extends Error {
  override readonly name = 'InstallationMissingError';
}

/** Reads the whole catalogue consistently (one statement). Throws `InstallationMissingError` on an unprepared database. */
export async function readCatalogue(db: Queryable): Promise<CatalogueSnapshot> {
  const { rows } = await db.query<CatalogueRow>(READ_CATALOGUE);
  const row = rows[0];
  if (row === undefined) {
    throw new InstallationMissingError('the database has no installation yet: run `node src/api/prepare.ts` once');
  }
  const planVersions = new Map(row.plans.map((plan) => [planVersionName(plan.key, plan.version), plan]));
  const meters = row.meters.map(meterOfRow);
  return {
    version: row.version,
    mode: row.mode,
    issuer: row.issuer,
    digestSecret: row.digest_secret,
    tenants: new Map(row.tenants.map((tenant) => [tenant.id, tenantEntry(tenant, planVersions)])),
    // In order of version: the newest is what stays.
    meters: new Map(meters.map((meter) => [meter.key, meter])),
    meterSpans: meterSpansOf(meters),
    planVersions,
    coupons: new Map(row.coupons.map((coupon) => [coupon.key, coupon])),
    partitions: row.partitions.flatMap(partitionSpan),
  };
}

function meterOfRow({ validFromMicros, ...meter }: MeterRow): Meter {
  return validFromMicros === null ? meter : { ...meter, from: formatInstant(validFromMicros) };
}

function tenantEntry(row: TenantRow, planVersions: ReadonlyMap<string, PlanVersion>): TenantEntry {
  const tenant = toTenant(row);
  return {
    tenant,
    calendar: { ...calendarOf(tenant), ...changesOf(row.calendarChanges) },
    billingStartMicros: row.billingStartMicros,
    endsAtMicros: row.endsAtMicros,
    plans: (row.items ?? []).map((item) => planSpan(item, planVersions)),
    planOfFile: row.planOfFile,
    quantities: row.quantities ?? [],
    addOns: (row.addOns ?? []).map((item) => planSpan(item, planVersions)),
    prices: row.prices ?? [],
    gate: { version: row.gateVersion, sealedThroughMicros: row.sealedThroughMicros },
    periodsThroughMicros: row.periodsThroughMicros,
  };
}

function toTenant(row: TenantRow): Tenant {
  return {
    id: row.id,
    name: row.name,
    currency: row.currency,
    timeZone: row.timeZone,
    billingStart: formatInstant(row.billingStartMicros),
    endsAt: row.endsAtMicros === null ? null : formatInstant(row.endsAtMicros),
    periodLength: row.periodLength,
    lateWindowSeconds: row.lateWindowSeconds,
    taxRates: row.taxRates,
    ...(row.taxesIncluded ? { taxesIncluded: true } : {}),
    ...(row.taxExemption === null ? {} : { taxExemption: row.taxExemption }),
    paymentTermsDays: row.paymentTermsDays,
    billTo: row.billTo,
    buyer: row.buyer,
    paused: row.paused,
    limits: row.limits,
    ...(row.trialDays === null ? {} : { trialDays: row.trialDays }),
  };
}

function planSpan(item: ItemRow, planVersions: ReadonlyMap<string, PlanVersion>): PlanSpan {
  const name = planVersionName(item.planKey, item.planVersion);
  const plan = planVersions.get(name);
  if (plan === undefined) throw new Error(`the catalogue names plan version ${name}, which is not there`);
  return { plan, fromMicros: item.fromMicros, toMicros: item.toMicros };
}

const PARTITION_NAME = /^usage_event_(\d{4})_(\d{2})$/;

/** Partitions carry their month in their name, which `ensure_event_partitions` gives them. */
function partitionSpan(name: string): PartitionSpan[] {
  const match = PARTITION_NAME.exec(name);
  if (match === null) return [];
  const year = Number(match[1]);
  const month = Number(match[2]);
  return [{ startMicros: monthStart(year, month), endMicros: monthStart(year, month + 1) }];
}

function monthStart(year: number, month: number): EpochMicros {
  const carried = month === 13 ? { year: year + 1, month: 1 } : { year, month };
  const text = `${String(carried.year).padStart(4, '0')}-${String(carried.month).padStart(2, '0')}-01T00:00:00Z`;
  return requireInstant(text);
}
