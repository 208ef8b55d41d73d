import type { PlanSpan, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { countedDimensions, limitsOfTenant } from '../domain/limits.ts';
import type { JsonValue } from '../domain/event.ts';
import type { Meter } from '../domain/meter.ts';
import type { Limit } from '../domain/plan.ts';
import type { ScaledQuantity } from '../domain/quantity.ts';
import { countedByName, dimensionDigest } from '../meter/dimension-digest.ts';
import type { GroupBound } from '../meter/usage-group.ts';
import { thresholdsOfMeter } from './meter-thresholds.ts';
import type { Reading } from './read-meters.ts';
import { RISING_AGGREGATIONS } from './rising-aggregations.ts';

/** A bound that one reading meets, with what its answer says of it. */
export interface ReadingBound extends GroupBound {
  readonly dimension?: string;
  /** This reading's value of the dimension; `null` where the event has none. Such events share one counter. */
  readonly value?: JsonValue;
}

/** What is asked of the script for one reading, beside counting it. */
export interface ReadingRules {
  readonly bounds?: readonly ReadingBound[];
  /** Whether the total of its counter is wanted even where it has no bound. */
  readonly isWatched?: boolean;
  /** The thresholds of its meter's counter, rising. */
  readonly thresholds?: readonly ScaledQuantity[];
}

/** What holds for one meter of a tenant under one plan. Made once per catalogue snapshot, so that an event costs a look-up. */
interface MeterBounds {
  readonly rules: ReadingRules | undefined;
  /** Whether some bound is on the values of a dimension, so that it differs from event to event. */
  readonly hasDimensions: boolean;
}

const boundsOfSpans = new WeakMap<PlanSpan, Map<string, MeterBounds>>();

/** The bounds and thresholds that one reading meets in the open period of a tenant; `undefined` when there are none. */
export function rulesOfReading(
  entry: TenantEntry,
  span: PlanSpan,
  { meter, dimensions }: Pick<Reading, 'meter' | 'dimensions'>,
): ReadingRules | undefined {
  const { limits, alerts = [] } = span.plan;
  if (limits.length + alerts.length + entry.tenant.limits.length === 0) return undefined;
  const { rules, hasDimensions } = boundsOfMeter(entry, span, meter);
  if (!hasDimensions || rules?.bounds === undefined) return rules;
  return { ...rules, bounds: rules.bounds.map((bound) => boundOfValue(bound, dimensions)) };
}

function boundsOfMeter(entry: TenantEntry, span: PlanSpan, meter: Meter): MeterBounds {
  let byMeter = boundsOfSpans.get(span);
  if (byMeter === undefined) boundsOfSpans.set(span, (byMeter = new Map<string, MeterBounds>()));
  let known = byMeter.get(meter.key);
  if (known === undefined) byMeter.set(meter.key, (known = resolveBounds(entry, span, meter)));
  return known;
}

function resolveBounds(entry: TenantEntry, span: PlanSpan, meter: Meter): MeterBounds {
  const { plan } = span;
  if (!RISING_AGGREGATIONS.has(meter.aggregation)) return { rules: undefined, hasDimensions: false };
  const bounds = limitsOfTenant(plan.limits, entry.tenant.limits)
    .filter((limit) => limit.meter === meter.key)
    .map((limit) => boundOf(limit, meter));
  const thresholds = thresholdsOfMeter(entry, span, meter);
  if (bounds.length === 0 && thresholds.length === 0) return { rules: undefined, hasDimensions: false };
  const rules: ReadingRules = {
    ...(bounds.length > 0 && { bounds }),
    ...(thresholds.length > 0 && { isWatched: true, thresholds }),
  };
  return { rules, hasDimensions: bounds.some(({ dimension }) => dimension !== undefined) };
}

function boundOf({ window, dimension, limit, mode }: Limit, meter: Meter): ReadingBound {
  return {
    window,
    ...(dimension !== undefined && { dimension }),
    scaled: scaledLimit(limit, meter),
    isHard: mode === 'hard',
  };
}

function boundOfValue(bound: ReadingBound, dimensions: Reading['dimensions']): ReadingBound {
  const { dimension } = bound;
  if (dimension === undefined) return bound;
  const value = dimensions?.[dimension] ?? null;
  return { ...bound, value, valueDigest: dimensionDigest(dimension, value) };
}

/** A limit finer than the meter's scale is cut: no usage lies between. One past 2^53 − 1 bounds at 2^53 − 1. */
function scaledLimit(text: string, meter: Meter): ScaledQuantity {
  const [whole = '0', fraction = ''] = text.split('.');
  const scaled = BigInt(whole + fraction.slice(0, meter.scale).padEnd(meter.scale, '0'));
  const largest = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(scaled < largest ? scaled : largest);
}

const countedByOfEntries = new WeakMap<TenantEntry, string>();

/** By which dimensions the tenant's counters must be kept for the limits of all of its plans and its own (`countedByName`). */
export function countedByOf(entry: TenantEntry): string {
  const known = countedByOfEntries.get(entry);
  if (known !== undefined) return known;
  const limits = [...entry.plans.flatMap(({ plan }) => plan.limits), ...entry.tenant.limits];
  const name = countedByName(countedDimensions(limits));
  countedByOfEntries.set(entry, name);
  return name;
}
