import type { InvoiceContent, InvoiceLine } from '../domain/invoice.ts';
import { checkInputs } from './check-inputs.ts';
import type { RatingInputs, RatingResult } from './inputs.ts';
import { UnpricedQuantityError } from './problem.ts';
import { taxLines } from './tax.ts';
import { baseFeeLines, billedLines, lateLines, usageLines } from './usage-lines.ts';
import { FORMAT_VERSION, RATING_VERSION } from './version.ts';

/**
 * Recorded inputs → the content of an invoice. Pure: the same inputs give the same content, byte for byte, whenever and
 * wherever they are rated. Never throws on usage: what cannot be billed is answered as problems, and nothing of it is.
 *
 * The order of the steps is the order of the bill: what is due whatever was used, the period's usage in the order of the
 * plan's charges, less what earlier bills of the period billed, late usage of earlier periods, then tax on the sum. A negative total is a credit, not an error.
 */
export function rateInvoice(inputs: RatingInputs): RatingResult {
  const problems = checkInputs(inputs);
  if (problems.length > 0) return { problems };
  const lines: InvoiceLine[] = [];
  for (const rate of ratings(inputs)) {
    try {
      lines.push(...rate());
    } catch (error) {
      if (!(error instanceof UnpricedQuantityError)) throw error;
      problems.push(error.message);
    }
  }
  return problems.length > 0 ? { problems } : { content: contentOf(inputs, lines) };
}

/** One function per fee, charge and late charge, in the order of the invoice. */
function ratings(inputs: RatingInputs): (() => readonly InvoiceLine[])[] {
  return [
    ...inputs.spans.map((span) => () => baseFeeLines(inputs, span)),
    ...inputs.spans.flatMap((span) => span.planVersion.charges.map((charge) => () => usageLines(inputs, span, charge))),
    () => billedLines(inputs),
    ...inputs.late.flatMap((late) => late.planVersion.charges.map((charge) => () => lateLines(inputs, late, charge))),
  ];
}

function contentOf(inputs: RatingInputs, lines: readonly InvoiceLine[]): InvoiceContent {
  const { identity, tenant, issuer, period, corrects } = inputs;
  const subtotal = lines.reduce((sum, line) => sum + BigInt(line.amountMinor), 0n);
  const taxes = taxLines(subtotal, tenant.taxRates, tenant.currency);
  const tax = taxes.reduce((sum, line) => sum + BigInt(line.amountMinor), 0n);
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
    subtotalMinor: subtotal.toString(),
    taxLines: taxes,
    taxMinor: tax.toString(),
    totalMinor: (subtotal + tax).toString(),
  };
}
