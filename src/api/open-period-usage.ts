import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { formatInstant } from '../domain/instant.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import { periodAt } from '../domain/period.ts';
import type { BillingCalendar, Period } from '../domain/period.ts';
import { scaledText } from '../domain/quantity.ts';
import { sumUsage } from '../ledger/sum-usage.ts';
import type { UsageSum } from '../ledger/usage-sum.ts';
import type { ApiDeps } from './api-deps.ts';

/** The usage of one meter in the open period. */
export interface LiveUsage {
  readonly meter: string;
  readonly unit: string;
  /** Whole units, a plain decimal. */
  readonly quantity: string;
  readonly eventCount: string;
}

/** The open period's own usage (late usage of earlier periods is not in it). */
export interface OpenPeriodUsage {
  readonly period: Period;
  /** `counters`: up to the last accepted event. `ledger`: up to the last drained one, while the counters are rebuilt or away. */
  readonly source: 'counters' | 'ledger';
  readonly meters: readonly LiveUsage[];
}

/**
 * The period that runs now, or for a tenant whose billing has ended its last one, unless that is sealed. `undefined`: none is open.
 */
export function openPeriod(entry: TenantEntry, atMicros: EpochMicros): Period | undefined {
  const { calendar, endsAtMicros, gate } = entry;
  const period = knownPeriodAt(calendar, endsAtMicros === null ? atMicros : Math.min(atMicros, endsAtMicros - 1));
  return period === undefined || period.endMicros <= gate.sealedThroughMicros ? undefined : period;
}

/** The period that was found last, by the calendar of a snapshot: finding one takes longer than all else that a read does here. */
const lastPeriods = new WeakMap<BillingCalendar, Period>();

function knownPeriodAt(calendar: BillingCalendar, atMicros: EpochMicros): Period | undefined {
  const last = lastPeriods.get(calendar);
  if (last !== undefined && last.startMicros <= atMicros && atMicros < last.endMicros) return last;
  const found = periodAt(calendar, atMicros);
  if (found !== undefined) lastPeriods.set(calendar, found);
  return found;
}

/** Reads the usage of an open period: from the counters where they can be believed, else from the ledger. */
export async function readOpenPeriodUsage(
  deps: ApiDeps,
  snapshot: CatalogueSnapshot,
  entry: TenantEntry,
  period: Period,
): Promise<OpenPeriodUsage> {
  const tenant = entry.tenant.id;
  const start = formatInstant(period.startMicros);
  const counters = await deps.counters(tenant, start);
  // The ledger is asked only for what counters do not tell: its sums go over every hour of the period.
  const isToldWhole = counters !== undefined && ![...snapshot.meters.values()].some(isDistinct);
  const selection = { tenant, accountingPeriod: period.startMicros, usagePeriod: period.startMicros };
  const sums = isToldWhole ? [] : await sumUsage(deps.pool, selection);
  const inLedger = new Map(sums.map((sum) => [sum.meter, sum]));
  const meters = [...snapshot.meters.values()].flatMap(({ key, unit, scale, aggregation }): LiveUsage[] => {
    const scaled = aggregation === 'unique' ? undefined : counters?.get(key);
    const live =
      scaled === undefined ? undefined : { quantity: scaledText(scaled, scale), eventCount: counters?.get(`${key}#n`) };
    const usage =
      live ?? quantityOf(counters === undefined || aggregation === 'unique' ? inLedger.get(key) : undefined);
    return [{ meter: key, unit, quantity: usage.quantity, eventCount: usage.eventCount ?? '0' }];
  });
  return { period, source: counters === undefined ? 'ledger' : 'counters', meters };
}

/** Distinct values are in no counter. */
function isDistinct({ aggregation }: Meter): boolean {
  return aggregation === 'unique';
}

function quantityOf(sum: UsageSum | undefined): { quantity: string; eventCount: string } {
  return sum === undefined ? { quantity: '0', eventCount: '0' } : sum;
}
