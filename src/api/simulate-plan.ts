import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { InvoiceContent, InvoiceLine } from '../domain/invoice.ts';
import { formatMinor } from '../domain/money.ts';
import type { Period } from '../domain/period.ts';
import { stepsSentence } from '../domain/steps-sentence.ts';
import type { Queryable } from '../ledger/database.ts';
import type { ChargeUsage, RatingInputs } from '../rating/inputs.ts';
import { rateInvoice } from '../rating/rate-invoice.ts';
import { ApiError } from './api-error.ts';
import { inputsOfPlan, withPlan } from './inputs-of-plan.ts';
import { readLedgerUsage } from './ledger-usage.ts';
import type { PlanToRate } from './plan-to-rate.ts';
import { type RecordedBill, readRecordedBill } from './recorded-bill.ts';

/** A bill that is not made, line by line. Amounts in minor units, and `total` and `amount` in major ones. */
export interface SimulatedBill {
  readonly plan: { readonly key: string; readonly version: number; readonly name: string; readonly stored: boolean };
  readonly tenant: string | null;
  readonly period: { readonly start: string; readonly end: string };
  readonly currency: string;
  readonly lines: readonly (InvoiceLine & { readonly amount: string; readonly sentence: string })[];
  readonly subtotalMinor: string;
  readonly taxLines: InvoiceContent['taxLines'];
  readonly taxMinor: string;
  readonly totalMinor: string;
  readonly total: string;
  /** The invoice of that period, where there is one. */
  readonly billed?: { readonly invoice: string; readonly totalMinor: string; readonly total: string } | null;
}

/** Rates usage that was given by a plan. For a tenant with its taxes, else without. */
export function simulateGiven(
  snapshot: CatalogueSnapshot,
  rated: PlanToRate,
  given: { readonly entry: TenantEntry | null; readonly period: Period; readonly usage: readonly ChargeUsage[] },
): SimulatedBill {
  const { entry, period, usage } = given;
  const { plan, meters } = rated;
  const tenant = entry?.tenant ?? nobody(plan.currency);
  const inputs = inputsOfPlan({ tenant, issuer: snapshot.issuer, period, plan, meters, usage });
  return billOf(inputs, rated, entry?.tenant.id ?? null);
}

/** Taxes and terms of nobody in particular. */
function nobody(currency: string) {
  const buyer = { name: 'Nobody', addressLines: [], taxIds: [] };
  return { id: 'nobody', currency, timeZone: 'UTC', buyer, billTo: 'nobody', taxRates: [], paymentTermsDays: 0 };
}

/** Rates a past period of a tenant by a plan, and says what was billed. @throws ApiError 422 */
export async function simulatePeriod(
  db: Queryable,
  snapshot: CatalogueSnapshot,
  rated: PlanToRate,
  { entry, period }: { readonly entry: TenantEntry; readonly period: Period },
): Promise<SimulatedBill> {
  const { tenant } = entry;
  const recorded = await readRecordedBill(db, tenant.id, formatInstant(period.startMicros));
  const inputs = await periodInputs(db, snapshot, rated, { entry, period, recorded });
  if ('problems' in inputs) throw notRatable(inputs.problems);
  const billed =
    recorded === undefined
      ? null
      : {
          invoice: recorded.invoice.id,
          totalMinor: recorded.invoice.totalMinor,
          total: formatMinor(BigInt(recorded.invoice.totalMinor), recorded.invoice.currency),
        };
  return { ...billOf(inputs.inputs, rated, tenant.id), billed };
}

/** A period of a tenant, and its bill where it has one. */
export interface PeriodToRate {
  readonly entry: TenantEntry;
  readonly period: { readonly startMicros: EpochMicros; readonly endMicros: EpochMicros };
  readonly recorded: RecordedBill | undefined;
}

/** Inputs for a past period by another plan: those of its bill with the plan exchanged, or what the ledger has. */
export async function periodInputs(
  db: Queryable,
  { issuer }: CatalogueSnapshot,
  { plan, meters }: Pick<PlanToRate, 'plan' | 'meters'>,
  { entry, period, recorded }: PeriodToRate,
): Promise<{ readonly inputs: RatingInputs } | { readonly problems: readonly string[] }> {
  const { tenant } = entry;
  if (plan.currency !== tenant.currency) {
    return { problems: [`${tenant.id} is billed in ${tenant.currency}, the plan ${plan.key} is in ${plan.currency}`] };
  }
  const read = await readLedgerUsage(db, { tenant, period, plan, meters });
  if ('problems' in read) return read;
  const bill = { plan, meters, usage: read.usage };
  if (recorded?.inputs) return { inputs: withPlan(recorded.inputs, bill) };
  return { inputs: inputsOfPlan({ ...bill, tenant, issuer, period }) };
}

function billOf(inputs: RatingInputs, { plan, isStored }: PlanToRate, tenant: string | null): SimulatedBill {
  const result = rateInvoice(inputs);
  if ('problems' in result) throw notRatable(result.problems);
  const { currency, lines, subtotalMinor, taxLines, taxMinor, totalMinor } = result.content;
  return {
    plan: { key: plan.key, version: plan.version, name: plan.name, stored: isStored },
    tenant,
    period: inputs.period,
    currency,
    lines: lines.map((line) => ({
      ...line,
      amount: formatMinor(BigInt(line.amountMinor), currency),
      sentence: stepsSentence(line.steps),
    })),
    subtotalMinor,
    taxLines,
    taxMinor,
    totalMinor,
    total: formatMinor(BigInt(totalMinor), currency),
  };
}

/** What keeps usage from being billed, all of it in `problems`. */
export function notRatable(problems: readonly string[]): ApiError {
  const message = `this cannot be rated: ${problems.join('; ')}`;
  return new ApiError({ status: 422, code: 'not_ratable', message, members: { problems } });
}
