import type { CatalogueSnapshot, PlanSpan, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import type { PricedTimelines } from '../catalog/timeline-spans.ts';
import type { Period } from '../domain/period.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { itemsWithin } from '../domain/timeline.ts';
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
 * coupons and credits stay, or what the ledger has. A trial stays a trial, and what is held beside the plan stays. An add-on is exchanged
 * for the time that some version of it is held; a tenant that does not hold it is rated as if it did.
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
  const found = await inputsOfPeriod(
    db,
    { ...snapshot, meters },
    { ...entry, ...underPlan(entry, plan, period) },
    period,
  );
  if ('problems' in found || !recorded?.inputs) return found;
  const { inputs } = found;
  const own = new Set(inputs.meters.map(({ key }) => key));
  const others = recorded.inputs.meters.filter(({ key }) => !own.has(key));
  const { addOns: _recorded, endedPlans: _ended, ...around } = recorded.inputs;
  const { next } = around;
  const exchanged = {
    ...around,
    meters: [...inputs.meters, ...others],
    spans: inputs.spans,
    ...(inputs.addOns !== undefined && { addOns: inputs.addOns }),
    ...(inputs.endedPlans !== undefined && { endedPlans: inputs.endedPlans }),
    ...(next !== undefined && plan.addOn !== true && { next: { ...next, planVersion: plan } }),
  };
  return { inputs: exchanged };
}

function underPlan(
  { addOns, billingStartMicros }: TenantEntry,
  plan: PlanVersion,
  period: Period,
): Partial<PricedTimelines> {
  const always = { plan, fromMicros: billingStartMicros, toMicros: null };
  if (plan.addOn !== true) return { plans: [always] };
  const isSame = (span: PlanSpan): boolean => span.plan.key === plan.key;
  if (itemsWithin(addOns.filter(isSame), period).length === 0) {
    return { addOns: [...addOns.filter((span) => !isSame(span)), always] };
  }
  return { addOns: addOns.map((span) => (isSame(span) ? { ...span, plan } : span)) };
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
