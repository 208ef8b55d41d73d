import { planAt } from '../catalog/catalogue-snapshot.ts';
import type { TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { formatInstant } from '../domain/instant.ts';
import type { EpochMicros, InstantText } from '../domain/instant.ts';
import { periodAt } from '../domain/period.ts';
import type { Tenant } from '../domain/tenant.ts';

/** A tenant as the API shows it. */
export interface TenantView extends Tenant {
  /** The plan that governs it now; before it begins its first, after it ends its last. */
  readonly plan: { readonly key: string; readonly version: number } | null;
  readonly items: readonly {
    readonly planKey: string;
    readonly planVersion: number;
    readonly validFrom: InstantText;
    readonly validTo: InstantText | null;
  }[];
  /** The billing period that runs now. */
  readonly period: { readonly start: InstantText; readonly end: InstantText } | null;
  /** Periods that end at or before it take no more events. */
  readonly sealedThrough: InstantText;
}

/** What the catalogue has of a tenant, seen at an instant. */
export function tenantView(entry: TenantEntry, atMicros: EpochMicros): TenantView {
  const plan = planAt(entry, Math.max(atMicros, entry.billingStartMicros)) ?? entry.plans.at(-1)?.plan;
  const period = periodAt(entry.calendar, atMicros);
  return {
    ...entry.tenant,
    plan: plan === undefined ? null : { key: plan.key, version: plan.version },
    items: entry.plans.map((span) => ({
      planKey: span.plan.key,
      planVersion: span.plan.version,
      validFrom: formatInstant(span.fromMicros),
      validTo: span.toMicros === null ? null : formatInstant(span.toMicros),
    })),
    period:
      period === undefined ? null : { start: formatInstant(period.startMicros), end: formatInstant(period.endMicros) },
    sealedThrough: formatInstant(entry.gate.sealedThroughMicros),
  };
}
