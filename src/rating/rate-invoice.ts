import type { InvoiceContent, InvoiceLine } from '../domain/invoice.ts';
import { addOnInputs, namedLines } from './add-ons.ts';
import { advanceFeeLines } from './advance-fee.ts';
import { billedLines } from './billed-lines.ts';
import { cadenceFeeLines } from './cadence-fee.ts';
import { partsOfSpan } from './cadence-parts.ts';
import { cadenceQuantityLines } from './cadence-quantities.ts';
import { checkInputs } from './check-inputs.ts';
import { couponLines } from './coupons.ts';
import { endedPlanLines } from './ended-plan-lines.ts';
import { fixedQuantityLines } from './fixed-quantity-lines.ts';
import { heldSpans } from './held-spans.ts';
import type { RatingInputs, RatingResult } from './inputs.ts';
import { totalsOf } from './invoice-totals.ts';
import { lateBoundLines } from './late-bounds.ts';
import { lateCouponLines } from './late-coupons.ts';
import { lateLines } from './late-lines.ts';
import { oneOffLines } from './one-offs.ts';
import { planBoundLines } from './plan-bounds.ts';
import { UnpricedQuantityError } from './problem.ts';
import { baseFeeLines, usageLines } from './usage-lines.ts';
import { FORMAT_VERSION, RATING_VERSION } from './version.ts';

/**
 * Recorded inputs → the content of an invoice. Pure: the same inputs give the same content, byte for byte, whenever and
 * wherever they are rated. Never throws on usage: what cannot be billed is answered as problems, and nothing of it is.
 *
 * The order of the steps is the order of the bill: what is due whatever was used, the period's usage in the order of the
 * plan's charges, what plans ask for all of it together, the same of each add-on, what is settled of plans that ended, less what earlier
 * bills of the period billed, late usage of earlier periods, charges made once, base fees in advance, coupons on all of that, then tax on
 * the sum, and credits that pay. A negative total is a credit, not an error.
 */
export function rateInvoice(inputs: RatingInputs): RatingResult {
  const problems = checkInputs(inputs);
  if (problems.length > 0) return { problems };
  const rated = ratedLines(periodRatings(inputs), problems);
  const ofAddOns = ratedLines(addOnRatings(inputs), problems);
  const settled = ratedLines(endedRatings(inputs), problems);
  const late = ratedLines(lateRatings(inputs), problems);
  if (problems.length > 0) return { problems };
  const lines = [
    ...rated,
    ...planBoundLines(inputs, rated),
    ...ofAddOns,
    ...settled,
    ...billedLines(inputs),
    ...late,
    ...oneOffLines(inputs),
    ...advanceFeeLines(inputs, rated),
  ];
  return { content: contentOf(inputs, [...lines, ...couponLines(inputs, lines)]) };
}

/** Rates one by one, so that every problem is found and not the first alone. */
function ratedLines(ratings: readonly (() => readonly InvoiceLine[])[], problems: string[]): InvoiceLine[] {
  return ratings.flatMap((rate) => {
    try {
      return rate();
    } catch (error) {
      if (!(error instanceof UnpricedQuantityError)) throw error;
      problems.push(error.message);
      return [];
    }
  });
}

/** One function per fee and charge, in the order of the invoice. */
function periodRatings(inputs: RatingInputs): (() => readonly InvoiceLine[])[] {
  const held = heldSpans(inputs.spans);
  const wholes = { ...inputs, spans: held.map(({ whole }) => whole) };
  return [
    ...held.map(({ whole, parts }) => () => [
      ...baseFeeLines(wholes, whole),
      ...cadenceFeeLines(inputs, parts.flatMap(partsOfSpan)),
    ]),
    ...held.map(({ whole, parts }) => () => [
      ...fixedQuantityLines(wholes, whole),
      ...cadenceQuantityLines(inputs, parts.flatMap(partsOfSpan)),
    ]),
    ...inputs.spans.flatMap((span) => span.planVersion.charges.map((charge) => () => usageLines(inputs, span, charge))),
  ];
}

/** What an add-on is due is what it would be due as a plan; what the plan bounds as a whole does not cover it. */
function addOnRatings(inputs: RatingInputs): (() => readonly InvoiceLine[])[] {
  return addOnInputs(inputs).flatMap((own) => periodRatings(own).map((rate) => () => namedLines(own, rate())));
}

function endedRatings(inputs: RatingInputs): (() => readonly InvoiceLine[])[] {
  return (inputs.endedPlans ?? []).map((ended) => () => endedPlanLines(inputs, ended));
}

function lateRatings(inputs: RatingInputs): (() => readonly InvoiceLine[])[] {
  return [
    ...inputs.late.flatMap((late) => late.planVersion.charges.map((charge) => () => lateLines(inputs, late, charge))),
    () => lateBoundLines(inputs),
    () => lateCouponLines(inputs),
  ];
}

function contentOf(inputs: RatingInputs, lines: readonly InvoiceLine[]): InvoiceContent {
  const { identity, tenant, issuer, period, corrects } = inputs;
  return {
    formatVersion: FORMAT_VERSION,
    ratingVersion: RATING_VERSION,
    identity,
    currency: tenant.currency,
    issuer,
    buyer: tenant.buyer,
    billTo: tenant.billTo,
    supplyStart: period.start,
    supplyEnd: period.end,
    timeZone: tenant.timeZone,
    paymentTermsDays: tenant.paymentTermsDays,
    taxRates: tenant.taxRates,
    corrects,
    lines,
    ...(tenant.taxExemption === undefined ? {} : { taxExemption: tenant.taxExemption }),
    ...totalsOf(inputs, lines),
  };
}
