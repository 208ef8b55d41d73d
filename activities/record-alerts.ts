import { type CatalogueSnapshot, planAt, type TenantEntry } from '../src/catalog/catalogue-snapshot.ts';
import { requireInstant, type EpochMicros, type InstantText } from '../src/domain/instant.ts';
import { limitsOfTenant } from '../src/domain/limits.ts';
import { reachesThreshold, thresholdsOf, type Threshold } from '../src/domain/threshold.ts';
import { addAlerts, listAlerts } from '../src/ledger/alerts.ts';
import { inTransaction, type Queryable } from '../src/ledger/database.ts';
import { readPeriod } from '../src/ledger/periods.ts';
import { sumUsage } from '../src/ledger/sum-usage.ts';
import type { UsageSum } from '../src/ledger/usage-sum.ts';
import type { AlertsAnswer, PeriodRef, ReachedThreshold } from './answers.ts';
import type { BillingDeps } from './billing-deps.ts';

/** How long one attempt waits for the ledger to have what was accepted so far. */
const ALERT_DRAIN_MS = 10_000;

/** Alerts that a state table shows. */
const SHOWN_MAX = 5;

/**
 * Writes down the thresholds that a period's usage has reached, after everything that was accepted so far is in the ledger: the event
 * whose crossing was signalled is among it.
 */
export async function recordAlerts(deps: BillingDeps, order: PeriodRef): Promise<AlertsAnswer> {
  const shard = deps.meter.shardOf(order.tenant);
  await deps.drain.until(shard, await deps.meter.readFence(shard), ALERT_DRAIN_MS);
  return recordAlertsInLedger(deps, order);
}

/** The same for what is in the ledger already: at the close of a period, behind its barrier. */
export async function recordAlertsInLedger(
  deps: BillingDeps,
  { tenant, periodStart }: PeriodRef,
): Promise<AlertsAnswer> {
  const catalogue = await deps.readCatalogue();
  const { added, newest } = await inTransaction(deps.pool, async (client) => {
    const sums = await sumUsage(client, { tenant, accountingPeriod: requireInstant(periodStart) });
    return addReachedAlerts(client, { tenant, periodStart, catalogue, sums, now: deps.clock() });
  });
  deps.onAlerts?.(added);
  return { alerts: newest };
}

/** A period, its usage so far, and the catalogue as it is committed now. */
export interface PeriodUsage extends PeriodRef {
  readonly catalogue: CatalogueSnapshot;
  /** Of the accounting period; late usage of other periods enters no threshold. */
  readonly sums: readonly UsageSum[];
  readonly now: EpochMicros;
}

/** Adds the alerts that the usage of a period calls for and that are not there yet. @returns how many, and the period's newest */
export async function addReachedAlerts(
  client: Queryable,
  { tenant, periodStart, catalogue, sums, now }: PeriodUsage,
): Promise<{ readonly added: number; readonly newest: readonly ReachedThreshold[] }> {
  const start = requireInstant(periodStart);
  const period = await readPeriod(client, tenant, start);
  const entry = catalogue.tenants.get(tenant);
  if (entry === undefined || period === undefined) {
    throw new Error(`tenant ${tenant} has no period that starts at ${periodStart}`);
  }
  const thresholds = thresholdsAt(entry, Math.min(now, period.endMicros - 1));
  const own = new Map(
    sums.flatMap((sum) => (sum.usagePeriodMicros === start ? [[sum.meter, sum.quantity] as const] : [])),
  );
  const reached = thresholds.flatMap((threshold) => {
    const quantity = own.get(threshold.meter) ?? '0';
    if (!reachesThreshold(quantity, threshold)) return [];
    const { meter, rule, quantity: thresholdQuantity } = threshold;
    return [{ meter, threshold: rule, thresholdQuantity, quantity }];
  });
  const added = await addAlerts(client, { tenant, periodStart }, reached, now);
  return { added, newest: reached.length === 0 ? [] : await newestAlerts(client, { tenant, periodStart }, catalogue) };
}

/** The thresholds of the plan that governs the tenant at an instant, with the tenant's own limits. */
function thresholdsAt(entry: TenantEntry, at: EpochMicros): readonly Threshold[] {
  const plan = planAt(entry, at);
  if (plan === undefined) return [];
  return thresholdsOf({ ...plan, limits: limitsOfTenant(plan.limits, entry.tenant.limits) });
}

/** The alerts of a period that were found last, newest first: as many as a state table shows. */
export async function newestAlerts(
  db: Queryable,
  { tenant, periodStart }: { readonly tenant: string; readonly periodStart: InstantText },
  catalogue: CatalogueSnapshot,
): Promise<readonly ReachedThreshold[]> {
  const rows = await listAlerts(db, {
    tenant,
    periodStart: requireInstant(periodStart),
    meter: null,
    from: null,
    to: null,
    after: null,
    limit: SHOWN_MAX,
  });
  return rows.map(({ meter, threshold, thresholdQuantity, at }) => ({
    meter,
    unit: catalogue.meters.get(meter)?.unit ?? '',
    threshold,
    thresholdQuantity,
    at,
  }));
}
