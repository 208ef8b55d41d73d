import type { CatalogueSnapshot } from '../src/catalog/catalogue-snapshot.ts';
import { type EpochMicros, formatInstant } from '../src/domain/instant.ts';
import type { PlanVersion } from '../src/domain/plan.ts';
import type { Tenant } from '../src/domain/tenant.ts';
import type { Queryable } from '../src/ledger/database.ts';
import { formatPosition } from '../src/ledger/journal-position.ts';
import { sumUsagePeriod } from '../src/ledger/sum-usage-period.ts';
import { sumUsage } from '../src/ledger/sum-usage.ts';
import type { UsageSum } from '../src/ledger/usage-sum.ts';
import type { ChargeUsage, LateChargeUsage } from '../src/rating/inputs.ts';

/** Whose usage is gathered. */
export interface UsageSource {
  readonly catalogue: CatalogueSnapshot;
  readonly tenant: Pick<Tenant, 'id' | 'timeZone'>;
  readonly shard: number;
}

/** A part of a usage period, half-open: usage belongs to it by its events' own time. */
export interface UsageWindow {
  /** The usage period, whole. */
  readonly period: { readonly startMicros: EpochMicros; readonly endMicros: EpochMicros };
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
}

/** Usage by charge, or why it cannot be billed, as sentences for an operator. */
export type GatheredUsage<Usage> = { readonly usage: readonly Usage[] } | { readonly problems: readonly string[] };

/** What each charge of a plan is priced on, of usage that the period's own invoice bills. Charges without usage are left out. */
export async function gatherUsage(
  db: Queryable,
  { tenant, shard }: UsageSource,
  { charges }: PlanVersion,
  { period }: UsageWindow,
): Promise<GatheredUsage<ChargeUsage>> {
  const { startMicros } = period;
  const sums = await sumUsage(db, { tenant: tenant.id, accountingPeriod: startMicros, usagePeriod: startMicros });
  const usage = charges.flatMap(({ key, meter }) => {
    const sum = sums.find((one) => one.meter === meter);
    if (sum === undefined) return [];
    return [{ charge: key, quantity: sum.quantity, eventCount: sum.eventCount, ledgerRange: ledgerRange(shard, sum) }];
  });
  return { usage };
}

/**
 * The same for usage of a sealed period that an accounting period took: by charge, what the period amounted to before and what it
 * amounts to with it. Charges without late usage are left out.
 */
export async function gatherLateUsage(
  db: Queryable,
  { tenant, shard }: UsageSource,
  { charges }: PlanVersion,
  { period, accountingPeriod }: UsageWindow & { readonly accountingPeriod: EpochMicros },
): Promise<GatheredUsage<LateChargeUsage>> {
  const usagePeriod = period.startMicros;
  const sums = await sumUsage(db, { tenant: tenant.id, accountingPeriod, usagePeriod });
  const through = async (micros: EpochMicros): Promise<readonly UsageSum[]> =>
    sumUsagePeriod(db, { tenant: tenant.id, usagePeriod, throughAccountingPeriod: micros });
  const before = await through(accountingPeriod - 1);
  const after = await through(accountingPeriod);
  const usage = charges.flatMap(({ key, meter }) => {
    const sum = sums.find((one) => one.meter === meter);
    if (sum === undefined) return [];
    return [
      {
        charge: key,
        before: { quantity: quantityIn(before, meter) },
        after: { quantity: quantityIn(after, meter) },
        eventCount: sum.eventCount,
        ledgerRange: ledgerRange(shard, sum),
      },
    ];
  });
  return { usage };
}

/** The window that is a whole period. */
export function wholePeriod(period: UsageWindow['period']): UsageWindow {
  return { period, fromMicros: period.startMicros, toMicros: period.endMicros };
}

/** A window as rating takes it. */
export function windowTexts({ fromMicros, toMicros }: UsageWindow): { readonly from: string; readonly to: string } {
  return { from: formatInstant(fromMicros), to: formatInstant(toMicros) };
}

function ledgerRange(shard: number, sum: UsageSum): { shard: number; first: string; last: string } {
  return { shard, first: formatPosition(sum.first), last: formatPosition(sum.last) };
}

function quantityIn(sums: readonly UsageSum[], meter: string): string {
  return sums.find((sum) => sum.meter === meter)?.quantity ?? '0';
}
