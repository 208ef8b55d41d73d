import { decimal } from '../domain/decimal.ts';
import type { TaxLine } from '../domain/invoice.ts';
import { type AmountMinor, type CurrencyCode, minorToDecimal } from '../domain/money.ts';
import type { TaxRate } from '../domain/tenant.ts';
import { roundToMinor } from './rounding.ts';

const PERCENT = decimal('0.01');

/**
 * Each tax on the same base, each rounded by itself: several taxes do not compound. A negative base gives a negative tax,
 * because a credit returns the tax that was paid on it.
 */
export function taxLines(taxableMinor: AmountMinor, rates: readonly TaxRate[], currency: CurrencyCode): TaxLine[] {
  const taxable = minorToDecimal(taxableMinor, currency);
  return rates.map(({ name, percent }) => ({
    name,
    percent,
    taxableMinor: taxableMinor.toString(),
    amountMinor: roundToMinor(taxable.times(decimal(percent)).times(PERCENT), currency).toString(),
  }));
}
