import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import type { Period } from '../domain/period.ts';
import type { Queryable } from '../ledger/database.ts';
import { sumUsage } from '../ledger/sum-usage.ts';
import type { RatingInputs } from '../rating/inputs.ts';
import type { OpenPeriodUsage } from './open-period-usage.ts';
import { readOpenSpans } from './open-span-usage.ts';
import type { PlanToRate } from './plan-to-rate.ts';
import { inputsOfSpans, ratedSpans } from './rate-open-period.ts';
import type { RecordedBill } from './recorded-bill.ts';

/** A period of a tenant, and its bill where it has one. */
export interface PeriodToRate {
  readonly entry: TenantEntry;
  readonly period: Period;
  readonly recorded: RecordedBill | undefined;
}

/** Inputs, or why there are none, as sentences. */
export type FoundInputs = { readonly inputs: RatingInputs } | { readonly problems: readonly string[] };

/**
 * Inputs for a past period as if one plan had held for all of it: those of its bill with the plan exchanged, so that late usage,
 * coupons and credits stay, or what the ledger has. A trial stays a trial.
 */
export async function inputsOfPlan(
  db: Queryable,
  snapshot: CatalogueSnapshot,
  { plan, meters }: Pick<PlanToRate, 'plan' | 'meters'>,
  { entry, period, recorded }: PeriodToRate,
): Promise<FoundInputs> {
  const { tenant } = entry;
  if (plan.currency !== tenant.currency) {
    return { problems: [`${tenant.id} is billed in ${tenant.currency}, the plan ${plan.key} is in ${plan.currency}`] };
  }
  const plans = [{ plan, fromMicros: entry.billingStartMicros, toMicros: null }];
  const found = await inputsOfPeriod(db, { ...snapshot, meters }, { ...entry, plans }, period);
  if ('problems' in found || !recorded?.inputs) return found;
  const { inputs } = found;
  const own = new Set(inputs.meters.map(({ key }) => key));
  const others = recorded.inputs.meters.filter(({ key }) => !own.has(key));
  const { next } = recorded.inputs;
  const exchanged = {
    ...recorded.inputs,
    meters: [...inputs.meters, ...others],
    spans: inputs.spans,
    ...(next !== undefined && { next: { ...next, planVersion: plan } }),
  };
  return { inputs: exchanged };
}

/** Inputs for a period by the plans of the tenant's timeline, from what the ledger has of it, late usage of earlier ones left out. */
export async function inputsOfPeriod(
  db: Queryable,
  snapshot: CatalogueSnapshot,
  entry: TenantEntry,
  period: Period,
): Promise<FoundInputs> {
  const live = await ledgerUsage(db, snapshot, entry, period);
  const read = await readOpenSpans(db, snapshot, entry, live);
  if (read === undefined) return { problems: [`${entry.tenant.id} had no plan in a part of the period`] };
  if ('problems' in read) return read;
  return { inputs: inputsOfSpans(snapshot, entry, period, ratedSpans(read)) };
}

async function ledgerUsage(
  db: Queryable,
  { meters }: CatalogueSnapshot,
  { tenant }: TenantEntry,
  period: Period,
): Promise<OpenPeriodUsage> {
  const { startMicros } = period;
  const sums = await sumUsage(db, { tenant: tenant.id, accountingPeriod: startMicros, usagePeriod: startMicros });
  return {
    period,
    source: 'ledger',
    meters: sums.map(({ meter, quantity, eventCount }) => {
      return { meter, unit: meters.get(meter)?.unit ?? 'unit', quantity, eventCount };
    }),
  };
}
