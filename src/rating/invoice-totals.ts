import type { InvoiceContent, InvoiceLine } from '../domain/invoice.ts';
import { drawCredits } from './credits.ts';
import type { RatedTenant, RatingInputs } from './inputs.ts';
import { sumOfLines } from './invoice-lines.ts';
import { includedTaxLines, taxLines } from './tax.ts';

/** What is below the lines of an invoice. */
export type InvoiceTotals = Required<
  Pick<
    InvoiceContent,
    'subtotalMinor' | 'taxLines' | 'taxMinor' | 'totalMinor' | 'creditLines' | 'dueMinor' | 'carriedMinor'
  >
>;

/**
 * Lines → what is to be paid: their sum, taxes on it, then credits, which pay but do not lower what is taxed. A negative total is
 * never due: it is carried to the next invoice as credit.
 *
 * @param lines all of them, those of coupons too
 */
export function totalsOf(
  { tenant, grants = [], period }: Pick<RatingInputs, 'tenant' | 'grants' | 'period'>,
  lines: readonly InvoiceLine[],
): InvoiceTotals {
  const subtotal = sumOfLines(lines);
  const taxes = taxesOn(subtotal, tenant);
  const tax = sumOfLines(taxes);
  const total = tenant.taxesIncluded === true ? subtotal : subtotal + tax;
  const creditLines = drawCredits(total, grants, period.end);
  const due = total - sumOfLines(creditLines);
  return {
    subtotalMinor: subtotal.toString(),
    taxLines: taxes,
    taxMinor: tax.toString(),
    totalMinor: total.toString(),
    creditLines,
    dueMinor: (due < 0n ? 0n : due).toString(),
    carriedMinor: (due < 0n ? -due : 0n).toString(),
  };
}

function taxesOn(subtotal: bigint, { taxRates, taxesIncluded, taxExemption, currency }: RatedTenant) {
  if (taxExemption !== undefined) return [];
  return (taxesIncluded === true ? includedTaxLines : taxLines)(subtotal, taxRates, currency);
}
