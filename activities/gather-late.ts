import type { TenantEntry } from '../src/catalog/catalogue-snapshot.ts';
import { addOnSpans, feePeriodOf, type PeriodSpan, periodSpans, spanTexts } from '../src/catalog/period-spans.ts';
import { type EpochMicros, formatInstant } from '../src/domain/instant.ts';
import { isSameWindow } from '../src/domain/timeline.ts';
import { fromToTexts, periodTexts } from '../src/domain/window-texts.ts';
import { readChargeCoupons } from '../src/invoice/coupon-applications.ts';
import { issuedInvoiceFor } from '../src/invoice/read-invoice.ts';
import { isCycleUndecided } from '../src/ledger/billing-cycles.ts';
import type { Queryable } from '../src/ledger/database.ts';
import { periodsWithChangedOpenings } from '../src/ledger/gauge-openings.ts';
import { type LedgerPeriod, readPeriod } from '../src/ledger/periods.ts';
import { sumUsage } from '../src/ledger/sum-usage.ts';
import type { UsageSum } from '../src/ledger/usage-sum.ts';
import { isWholePeriod } from '../src/ledger/usage-window.ts';
import type { LateChargeUsage, LateUsage } from '../src/rating/inputs.ts';
import { trialOf } from './gather-spans.ts';
import { type GatheredUsage, gatherLateUsage, type LateWindow, type UsageSource } from './gather-usage.ts';

/** Late usage; or what it waits for; or why it cannot be billed, as sentences for an operator. */
export type GatheredLate =
  { readonly late: readonly LateUsage[] } | { readonly notYet: string } | { readonly problems: readonly string[] };

/** The usage of sealed periods that an accounting period took, in order of those periods, and what late events of gauges change behind them. */
export async function gatherLate(
  db: Queryable,
  source: UsageSource,
  entry: TenantEntry,
  accountingPeriod: EpochMicros,
): Promise<GatheredLate> {
  const sums = await sumUsage(db, { tenant: entry.tenant.id, accountingPeriod });
  const lateSums = sums.filter(({ usagePeriodMicros }) => usagePeriodMicros !== accountingPeriod);
  const carried = await gaugePeriods(db, source, lateSums, accountingPeriod);
  if (carried.length > GAUGE_PERIODS_MAX) {
    const problem = `late events of a gauge change what more than ${GAUGE_PERIODS_MAX} billed periods of ${entry.tenant.id} began with`;
    return { problems: [`${problem}: bill longer periods`] };
  }
  const usagePeriods = new Set([...lateSums.map(({ usagePeriodMicros }) => usagePeriodMicros), ...carried]);
  const late: LateUsage[] = [];
  for (const usagePeriod of [...usagePeriods].toSorted((one, other) => one - other)) {
    const gathered = await gatherLatePeriod(db, source, entry, { usagePeriod, accountingPeriod });
    if (!('late' in gathered)) return gathered;
    late.push(...gathered.late);
  }
  return { late };
}

/** Hours of the late horizon, and some: one bill corrects no more periods of a gauge than that. */
const GAUGE_PERIODS_MAX = 1_000;

/** A gauge shows what it was set to until it is set again: periods that were billed behind a late event began with another value. */
async function gaugePeriods(
  db: Queryable,
  { catalogue, tenant }: UsageSource,
  lateSums: readonly Pick<UsageSum, 'meter' | 'usagePeriodMicros'>[],
  accountingPeriod: EpochMicros,
): Promise<readonly EpochMicros[]> {
  const ofGauges = lateSums.filter(({ meter }) => catalogue.meters.get(meter)?.timeWeighted === true);
  return periodsWithChangedOpenings(db, {
    tenant: tenant.id,
    meters: [...new Set(ofGauges.map(({ meter }) => meter))],
    afterMicros: Math.min(...ofGauges.map(({ usagePeriodMicros }) => usagePeriodMicros), accountingPeriod),
    accountingPeriodMicros: accountingPeriod,
    limit: GAUGE_PERIODS_MAX + 1,
  });
}

async function gatherLatePeriod(
  db: Queryable,
  source: UsageSource,
  entry: TenantEntry,
  { usagePeriod, accountingPeriod }: { readonly usagePeriod: EpochMicros; readonly accountingPeriod: EpochMicros },
): Promise<GatheredLate> {
  const tenant = entry.tenant.id;
  const usagePeriodStart = formatInstant(usagePeriod);
  // An earlier bill that is still being made, or held, may yet be rejected: what it billed is not known.
  if (await isCycleUndecided(db, { tenant, periodStart: usagePeriodStart })) {
    return { notYet: `late usage of ${usagePeriodStart} waits until the invoice of that period is decided` };
  }
  const period = await readPeriod(db, tenant, usagePeriod);
  const spans = period === undefined ? undefined : periodSpans(entry, period);
  if (period === undefined || spans === undefined) {
    return { problems: [`late usage of ${usagePeriodStart} has no period or no plan`] };
  }
  const billedInvoiceId = (await issuedInvoiceFor(db, tenant, usagePeriodStart))?.id ?? null;
  const coupons = billedInvoiceId === null ? [] : await readChargeCoupons(db, billedInvoiceId);
  const alsoCharges = new Set(coupons.map(({ charge }) => charge));
  const late: LateUsage[] = [];
  for (const timeline of [spans, ...Map.groupBy(addOnSpans(entry, period), ({ plan }) => plan.key).values()]) {
    const gathered = await gatherLateSpans(db, source, timeline, { period, accountingPeriod, alsoCharges });
    if ('problems' in gathered) return gathered;
    // Nothing came late to most add-ons.
    if (timeline !== spans && gathered.usage.flat().length === 0) continue;
    const ofSpan = (span: PeriodSpan, index: number): LateUsage => ({
      ...lateSpan(entry, span, period),
      billedInvoiceId,
      ...(coupons.length === 0 ? {} : { coupons }),
      usage: gathered.usage[index] ?? [],
    });
    late.push(...timeline.map(ofSpan));
  }
  return { late };
}

function lateSpan(
  entry: TenantEntry,
  span: PeriodSpan,
  period: LedgerPeriod,
): Omit<LateUsage, 'billedInvoiceId' | 'coupons' | 'usage'> {
  const { quantities, privatePrices } = spanTexts(span);
  const full = feePeriodOf(entry, period);
  return {
    usagePeriodStart: formatInstant(period.startMicros),
    usagePeriodEnd: formatInstant(period.endMicros),
    ...(isSameWindow(full, period) ? {} : { feePeriod: periodTexts(full) }),
    ...(isWholePeriod({ ...span, period }) ? {} : { span: fromToTexts(span) }),
    planVersion: span.plan,
    ...trialOf(span),
    ...(quantities === undefined ? {} : { quantities }),
    ...(privatePrices === undefined ? {} : { privatePrices }),
  };
}

/**
 * Late usage by span of the plan, or of one add-on. Where it carries over, late usage of one span moves the bands of the next: then each is gathered for all charges
 * that have some anywhere.
 */
async function gatherLateSpans(
  db: Queryable,
  source: UsageSource,
  spans: readonly PeriodSpan[],
  {
    alsoCharges: wanted,
    ...late
  }: Pick<LateWindow, 'period' | 'accountingPeriod'> & {
    readonly alsoCharges: ReadonlySet<string>;
  },
): Promise<GatheredUsage<readonly LateChargeUsage[]>> {
  const gatherAll = async (alsoCharges: ReadonlySet<string>): Promise<GatheredUsage<readonly LateChargeUsage[]>> => {
    const usage: (readonly LateChargeUsage[])[] = [];
    for (const { plan, fromMicros, toMicros } of spans) {
      const gathered = await gatherLateUsage(db, source, plan, { ...late, fromMicros, toMicros, alsoCharges });
      if ('problems' in gathered) return gathered;
      usage.push(gathered.usage);
    }
    return { usage };
  };
  const found = await gatherAll(wanted);
  const carriesOver = spans.slice(1).some(({ plan }) => plan.onChange === 'carry_over');
  if ('problems' in found || !carriesOver) return found;
  return gatherAll(new Set(found.usage.flat().map(({ charge }) => charge)));
}
