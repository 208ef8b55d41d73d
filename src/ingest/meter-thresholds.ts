import type { PlanSpan, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { limitsOfTenant } from '../domain/limits.ts';
import type { Meter } from '../domain/meter.ts';
import type { ScaledQuantity } from '../domain/quantity.ts';
import { scaledThreshold, thresholdsOf } from '../domain/threshold.ts';
import { RISING_AGGREGATIONS } from './rising-aggregations.ts';

/**
 * A meter's thresholds under one plan of a tenant as its counter meets them, rising; those that it can never reach are left out. The
 * checkpoint finds the alerts of meters whose number may fall.
 */
export function thresholdsOfMeter(entry: TenantEntry, { plan }: PlanSpan, meter: Meter): readonly ScaledQuantity[] {
  if (!RISING_AGGREGATIONS.has(meter.aggregation)) return [];
  const limits = limitsOfTenant(plan.limits, entry.tenant.limits);
  return thresholdsOf({ ...plan, limits })
    .filter((threshold) => threshold.meter === meter.key)
    .map((threshold) => Number(scaledThreshold(threshold, meter.scale)))
    .filter(Number.isSafeInteger)
    .toSorted((one, other) => one - other);
}
