import { type CatalogueSnapshot, planAt, type TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { endedTexts } from '../catalog/fee-spans.ts';
import { feePeriodOf, spanTexts } from '../catalog/period-spans.ts';
import { type Period, periodName } from '../domain/period.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { periodTexts } from '../domain/window-texts.ts';
import { readAroundBill } from '../invoice/around-bill.ts';
import { readFeeBills } from '../invoice/fee-bills.ts';
import type { Queryable } from '../ledger/database.ts';
import { allSpans } from '../rating/add-ons.ts';
import { chargedBefore } from '../rating/charged-before.ts';
import type { RatedSpan, RatingInputs, RatingResult } from '../rating/inputs.ts';
import { rateInvoice } from '../rating/rate-invoice.ts';
import type { OpenPeriodUsage } from './open-period-usage.ts';
import { type OpenSpan, type OpenSpans, readOpenSpans } from './open-span-usage.ts';

/** An open period rated; `plan` is the one at its start. */
export interface RatedOpenPeriod {
  readonly plan: PlanVersion;
  /** What was rated; `null` where its usage could not be read. */
  readonly inputs: RatingInputs | null;
  readonly result: RatingResult;
}

/**
 * What the open period would cost if it ended now: the same rating as the invoice's, of the usage so far, with the coupons, charges made once
 * and credits that its bill would have. Late usage of earlier periods is left out: it is not this period's spend. `undefined`: a part of the period has no plan.
 */
export async function rateOpenPeriod(
  db: Queryable,
  snapshot: CatalogueSnapshot,
  entry: TenantEntry,
  live: OpenPeriodUsage,
): Promise<RatedOpenPeriod | undefined> {
  const plan = planAt(entry, live.period.startMicros);
  const read = await readOpenSpans(db, snapshot, entry, live);
  if (plan === undefined || read === undefined) return undefined;
  if ('problems' in read) return { plan, inputs: null, result: read };
  const ofSpans = inputsOfSpans(snapshot, entry, live.period, ratedSpans(read));
  const { billTo, currency } = entry.tenant;
  const around = await readAroundBill(db, { identity: ofSpans.identity, period: ofSpans.period, billTo, currency });
  if ('problems' in around) return { plan, inputs: null, result: around };
  // A bill before this one that is not decided yet is taken as if it stood as it was charged.
  const { feeBills } = await readFeeBills(db, entry.tenant.id, chargedBefore(ofSpans));
  const inputs = { ...ofSpans, ...(feeBills.length === 0 ? {} : { feeBills }), ...around.around };
  return { plan, inputs, result: rateInvoice(inputs) };
}

/** Inputs of rating for the spans of a period alone: without late usage, earlier bills, coupons and credits. */
export function inputsOfSpans(
  { meters, issuer }: Pick<CatalogueSnapshot, 'meters' | 'issuer'>,
  entry: TenantEntry,
  period: Period,
  rated: Pick<RatingInputs, 'spans' | 'addOns'>,
): RatingInputs {
  const { spans, addOns = [] } = rated;
  const charged = new Set(allSpans(rated).flatMap(({ planVersion }) => planVersion.charges.map(({ meter }) => meter)));
  return {
    identity: { tenant: entry.tenant.id, kind: 'cycle', occasion: periodName(period), revision: 0 },
    meters: [...meters.values()].filter(({ key }) => charged.has(key)),
    tenant: entry.tenant,
    issuer,
    period: periodTexts(period),
    feePeriod: periodTexts(feePeriodOf(entry, period)),
    spans,
    ...(addOns.length === 0 ? {} : { addOns }),
    late: [],
    earlier: [],
    isLast: true,
    corrects: null,
    ...endedTexts(entry, period),
  };
}

/** Spans as rating takes them. */
export function ratedSpans({ spans, addOns }: OpenSpansRead): Pick<RatingInputs, 'spans' | 'addOns'> {
  return { spans: spans.map(ratedSpan), addOns: addOns.map(ratedSpan) };
}

type OpenSpansRead = Extract<OpenSpans, { readonly spans: unknown }>;

function ratedSpan({ usage, ...span }: OpenSpan): RatedSpan {
  return { ...spanTexts(span), usage };
}
