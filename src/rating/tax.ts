import type { TaxLine } from '../domain/invoice.ts';
import type { AmountMinor, CurrencyCode } from '../domain/money.ts';
import type { TaxRate } from '../domain/tenant.ts';
import { exact } from './exact.ts';
import { shareOf } from './share.ts';
import { minorToExact, roundToMinor } from './rounding.ts';

/**
 * Each tax on the same base, each rounded by itself: several taxes do not compound. A negative base gives a negative tax,
 * because a credit returns the tax that was paid on it.
 */
export function taxLines(taxableMinor: AmountMinor, rates: readonly TaxRate[], currency: CurrencyCode): TaxLine[] {
  const taxable = minorToExact(taxableMinor, currency);
  return rates.map(({ name, percent }) => ({
    name,
    percent,
    taxableMinor: taxableMinor.toString(),
    amountMinor: roundToMinor(shareOf(taxable, exact(percent)), currency).toString(),
  }));
}
