import type { Coupon } from '../domain/coupon.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { BillingCalendar } from '../domain/period.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { Party, Tenant } from '../domain/tenant.ts';
import { itemAt } from '../domain/timeline.ts';
import { effectivePlans } from './effective-plans.ts';
import type { MeterSpan } from './meter-spans.ts';
import type { PlanSpan, PricedTimelines, QuantitySpan } from './timeline-spans.ts';

export type { PlanSpan, PriceSpan, QuantitySpan } from './timeline-spans.ts';

/** One tenant as ingest and the API need it. */
export interface TenantEntry extends PricedTimelines {
  readonly tenant: Tenant;
  readonly calendar: BillingCalendar;
  readonly billingStartMicros: EpochMicros;
  readonly endsAtMicros: EpochMicros | null;
  /** What the catalogue file said of its plan when it was last applied: `KEY` or `KEY@VERSION`. */
  readonly planOfFile: string | null;
  /** The timelines of fixed quantities, by name and then in order of time. */
  readonly quantities: readonly QuantitySpan[];
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

/** The calendar that a tenant begins with: what `periodAt` needs, without the changes that commands made since. */
export function calendarOf(tenant: Tenant): BillingCalendar {
  const { timeZone, billingStart: anchor, periodLength: length, endsAt } = tenant;
  return { timeZone, anchor, length, endsAt };
}

/** The name of a plan version in maps and messages: `starter@2`. */
export function planVersionName(key: string, version: number): string {
  return `${key}@${version}`;
}

/** The plan that governs the tenant at an instant, with prices of its own; `undefined` before its first and after its last item. */
export function planAt(entry: TenantEntry, instantMicros: EpochMicros): PlanVersion | undefined {
  return planSpanAt(entry, instantMicros)?.plan;
}

/** The span of the timeline that holds the instant; `undefined` before its first and after its last item. */
export function planSpanAt(entry: TenantEntry, instantMicros: EpochMicros): PlanSpan | undefined {
  return itemAt(effectivePlans(entry), instantMicros);
}

/** Whether the ledger has a partition for an event of this instant; ingest refuses what has none. */
export function hasPartition(snapshot: CatalogueSnapshot, instantMicros: EpochMicros): boolean {
  // Every event asks: a loop costs it less than a function for each partition.
  for (const { startMicros, endMicros } of snapshot.partitions) {
    if (startMicros <= instantMicros && instantMicros < endMicros) return true;
  }
  return false;
}
