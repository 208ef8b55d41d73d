import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { feesFromStart, feeTexts } from '../catalog/fee-spans.ts';
import { formatInstant } from '../domain/instant.ts';
import type { InvoiceContent, InvoiceLine } from '../domain/invoice.ts';
import { formatMinor } from '../domain/money.ts';
import type { Period } from '../domain/period.ts';
import { stepsSentence } from '../domain/steps-sentence.ts';
import { periodTexts } from '../domain/window-texts.ts';
import type { Queryable } from '../ledger/database.ts';
import type { ChargeUsage, RatedTenant, RatingInputs } from '../rating/inputs.ts';
import { rateInvoice } from '../rating/rate-invoice.ts';
import { ApiError } from './api-error.ts';
import { inputsOfPlan } from './inputs-of-plan.ts';
import type { PlanToRate } from './plan-to-rate.ts';
import { readRecordedBill } from './recorded-bill.ts';

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

/** Rates usage that was given by a plan, as if somebody came to it where the period begins. For a tenant with its taxes, else without. */
export function simulateGiven(
  snapshot: CatalogueSnapshot,
  rated: PlanToRate,
  given: { readonly entry: TenantEntry | null; readonly period: Period; readonly usage: readonly ChargeUsage[] },
): SimulatedBill {
  const { entry, period, usage } = given;
  const { plan, meters } = rated;
  const span = periodTexts(period);
  const fees = feesFromStart(plan, entry?.calendar.timeZone ?? 'UTC', period).map(feeTexts);
  const inputs: RatingInputs = {
    identity: { tenant: entry?.tenant.id ?? NOBODY, kind: 'cycle', occasion: span.start, revision: 0 },
    meters: [...meters.values()],
    tenant: entry?.tenant ?? nobody(plan.currency),
    issuer: snapshot.issuer,
    period: span,
    feePeriod: span,
    spans: [{ from: span.start, to: span.end, planVersion: plan, ...(fees.length === 0 ? {} : { fees }), usage }],
    late: [],
    earlier: [],
    isLast: true,
    corrects: null,
  };
  return billOf(inputs, rated, entry?.tenant.id ?? null);
}

const NOBODY = 'nobody';

/** Taxes and terms of nobody in particular. */
function nobody(currency: string): RatedTenant {
  const buyer = { name: NOBODY, addressLines: [], taxIds: [] };
  return { currency, timeZone: 'UTC', buyer, billTo: NOBODY, taxRates: [], paymentTermsDays: 0 };
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
  const inputs = await inputsOfPlan(db, snapshot, rated, { entry, period, recorded });
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
