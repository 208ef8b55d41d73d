import { type CatalogueSnapshot, planAt, type TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import { formatMinor } from '../domain/money.ts';
import type { Period } from '../domain/period.ts';
import { type PeriodTexts, periodTexts } from '../domain/window-texts.ts';
import type { Queryable } from '../ledger/database.ts';
import { rateInvoice } from '../rating/rate-invoice.ts';
import { type FoundInputs, inputsOfPeriod, inputsOfPlan, type PeriodToRate } from './inputs-of-plan.ts';
import { namedPeriod, type PeriodQuestion } from './named-period.ts';
import type { PlanToRate } from './plan-to-rate.ts';
import { readRecordedBill, type RecordedBill } from './recorded-bill.ts';

/** What one tenant was billed for a period, and what it would have been by another plan. Tax included, credits not drawn. */
export interface PlanComparison {
  readonly tenant: string;
  readonly currency: string;
  readonly period: PeriodTexts | null;
  /** The plan at the start of the period. */
  readonly plan: { readonly key: string; readonly version: number } | null;
  /** The invoice that billed it; `null`: there is none, and `billed` is what it would say. */
  readonly invoice: string | null;
  /** Minor units; `null` where it is not known. */
  readonly billedMinor: string | null;
  readonly wouldBeMinor: string | null;
  readonly differenceMinor: string | null;
  /** The same in major units. */
  readonly billed: string | null;
  readonly wouldBe: string | null;
  readonly difference: string | null;
  /** What keeps the two from being compared, as sentences. */
  readonly problems: readonly string[];
}

/** Rates a past period of one tenant by a plan, beside what was billed. Reads only. */
export async function comparePlan(
  db: Queryable,
  snapshot: CatalogueSnapshot,
  rated: Pick<PlanToRate, 'plan' | 'meters'>,
  { entry, ...asked }: { readonly entry: TenantEntry; readonly period: PeriodQuestion; readonly atMicros: EpochMicros },
): Promise<PlanComparison> {
  const period = namedPeriod(entry, asked.period, asked.atMicros);
  if (period === undefined) return comparison(entry, undefined, { problems: ['it has no such period'] });
  const recorded = await readRecordedBill(db, entry.tenant.id, formatInstant(period.startMicros));
  const whole = { entry, period, recorded };
  const wouldBe = totalOf(await inputsOfPlan(db, snapshot, rated, whole));
  const billed = await billedTotal(db, snapshot, whole);
  const problems = [wouldBe, billed].flatMap((total) => (typeof total === 'bigint' ? [] : total));
  return comparison(entry, period, { recorded, wouldBe, billed, problems: [...new Set(problems)] });
}

/** Of the invoice; without one, of the plans that governed the period. */
async function billedTotal(
  db: Queryable,
  snapshot: CatalogueSnapshot,
  { entry, period, recorded }: PeriodToRate,
): Promise<bigint | readonly string[]> {
  if (recorded !== undefined) return BigInt(recorded.invoice.totalMinor);
  return totalOf(await inputsOfPeriod(db, snapshot, entry, period));
}

function totalOf(found: FoundInputs): bigint | readonly string[] {
  if ('problems' in found) return found.problems;
  const result = rateInvoice(found.inputs);
  return 'problems' in result ? result.problems : BigInt(result.content.totalMinor);
}

interface Totals {
  readonly recorded?: RecordedBill | undefined;
  readonly billed?: bigint | readonly string[];
  readonly wouldBe?: bigint | readonly string[];
  readonly problems: readonly string[];
}

function comparison(entry: TenantEntry, period: Period | undefined, totals: Totals): PlanComparison {
  const { id: tenant, currency } = entry.tenant;
  const { recorded, billed, wouldBe, problems } = totals;
  const difference = typeof billed === 'bigint' && typeof wouldBe === 'bigint' ? wouldBe - billed : undefined;
  const plan = period === undefined ? undefined : planAt(entry, period.startMicros);
  const minor = (amount: typeof billed): string | null => (typeof amount === 'bigint' ? amount.toString() : null);
  const major = (amount: typeof billed): string | null =>
    typeof amount === 'bigint' ? formatMinor(amount, currency) : null;
  return {
    tenant,
    currency,
    period: period === undefined ? null : periodTexts(period),
    plan: plan === undefined ? null : { key: plan.key, version: plan.version },
    invoice: recorded?.invoice.id ?? null,
    billedMinor: minor(billed),
    wouldBeMinor: minor(wouldBe),
    differenceMinor: minor(difference),
    billed: major(billed),
    wouldBe: major(wouldBe),
    difference: major(difference),
    problems,
  };
}
