import { formatInstant, requireInstant } from '../domain/instant.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { Tenant } from '../domain/tenant.ts';
import { changesOf } from '../ledger/calendar-changes.ts';
import type { Queryable } from '../ledger/database.ts';
import { type CatalogueRow, type ItemRow, type MeterRow, READ_CATALOGUE, type TenantRow } from './catalogue-row.ts';
import { calendarOf, planVersionName } from './catalogue-snapshot.ts';
import type { CatalogueSnapshot, PartitionSpan, TenantEntry } from './catalogue-snapshot.ts';
import { meterSpansOf } from './meter-spans.ts';
import type { PlanSpan } from './timeline-spans.ts';

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
    plans: (row.plans ?? []).map((item) => planSpan(item, planVersions)),
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
