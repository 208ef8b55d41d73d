import type { Coupon } from '../domain/coupon.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { BillingCalendar } from '../domain/period.ts';
import type { Charge, PlanVersion } from '../domain/plan.ts';
import type { Party, Tenant } from '../domain/tenant.ts';
import type { MeterSpan } from './meter-spans.ts';

/** The plan that governs a tenant from one instant to another, half-open; `toMicros` is `null` while open. */
export interface PlanSpan {
  readonly plan: PlanVersion;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros | null;
}

/** How many of a fixed quantity a tenant holds from one instant to another, half-open; `toMicros` is `null` while open. */
export interface QuantitySpan {
  readonly name: string;
  /** A plain decimal. */
  readonly quantity: string;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros | null;
}

/** A charge of a tenant's own from one instant to another, in place of the one with its key in whatever plan it is under. */
export interface PriceSpan {
  readonly charge: Charge;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros | null;
}

/** One tenant as ingest and the API need it. */
export interface TenantEntry {
  readonly tenant: Tenant;
  readonly calendar: BillingCalendar;
  readonly billingStartMicros: EpochMicros;
  readonly endsAtMicros: EpochMicros | null;
  /** The timeline of plans, in order of time. */
  readonly plans: readonly PlanSpan[];
  /** What the catalogue file said of its plan when it was last applied: `KEY` or `KEY@VERSION`. */
  readonly planOfFile: string | null;
  /** The timelines of fixed quantities, by name and then in order of time. */
  readonly quantities: readonly QuantitySpan[];
  /** The timelines of plans that are held beside the first one, by key and then in order of time. */
  readonly addOns: readonly PlanSpan[];
  /** The timelines of prices of its own, by charge and then in order of time. */
  readonly prices: readonly PriceSpan[];
  /** The truth behind the gate record in Redis: its version and the instant through which periods are sealed. */
  readonly gate: { readonly version: number; readonly sealedThroughMicros: EpochMicros };
  /** Where the rows of `billing_period` end: periods are made ahead of the events that need them. */
  readonly periodsThroughMicros: EpochMicros;
}

/** A month for which the ledger has a partition, half-open. */
export interface PartitionSpan {
  readonly startMicros: EpochMicros;
  readonly endMicros: EpochMicros;
}

/** Everything ingest must know to interpret an event, from one consistent read. Immutable; a reload makes another one. */
export interface CatalogueSnapshot {
  /** `catalogue_version`: what the script in Redis compares. */
  readonly version: number;
  readonly mode: 'test' | 'live';
  readonly issuer: Party;
  /** 32 bytes; keys the content digests of events. */
  readonly digestSecret: Buffer;
  readonly tenants: ReadonlyMap<string, TenantEntry>;
  /** The newest version of every meter by key. */
  readonly meters: ReadonlyMap<string, Meter>;
  /** Which versions of meters take events of a type, along time: `metersAt` reads it. */
  readonly meterSpans: ReadonlyMap<string, readonly MeterSpan[]>;
  /** All plan versions by `planVersionName`. */
  readonly planVersions: ReadonlyMap<string, PlanVersion>;
  /** By key. */
  readonly coupons: ReadonlyMap<string, Coupon>;
  /** In order of time, without overlap. */
  readonly partitions: readonly PartitionSpan[];
}

/** What `periodAt` needs of a tenant. */
export function calendarOf(tenant: Tenant): BillingCalendar {
  const { timeZone, billingStart: anchor, periodLength: length, endsAt } = tenant;
  return { timeZone, anchor, length, endsAt };
}

/** The name of a plan version in maps and messages: `starter@2`. */
export function planVersionName(key: string, version: number): string {
  return `${key}@${version}`;
}

/** The plan that governs the tenant at an instant; `undefined` before its first and after its last item. */
export function planAt(entry: TenantEntry, instantMicros: EpochMicros): PlanVersion | undefined {
  return planSpanAt(entry, instantMicros)?.plan;
}

/** The span of the timeline that holds the instant; `undefined` before its first and after its last item. */
export function planSpanAt(entry: TenantEntry, instantMicros: EpochMicros): PlanSpan | undefined {
  // Every event asks: a loop costs it less than a function for each span.
  for (const span of entry.plans) {
    const { fromMicros, toMicros } = span;
    if (fromMicros <= instantMicros && (toMicros === null || instantMicros < toMicros)) return span;
  }
  return undefined;
}

/** Whether the ledger has a partition for an event of this instant; ingest refuses what has none. */
export function hasPartition(snapshot: CatalogueSnapshot, instantMicros: EpochMicros): boolean {
  for (const { startMicros, endMicros } of snapshot.partitions) {
    if (startMicros <= instantMicros && instantMicros < endMicros) return true;
  }
  return false;
}
