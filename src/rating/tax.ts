import type { TaxLine } from '../domain/invoice.ts';
import type { AmountMinor, CurrencyCode } from '../domain/money.ts';
import type { TaxRate } from '../domain/tenant.ts';
import { Exact, exact, ONE } from './exact.ts';
import { minorToExact, roundToMinor } from './rounding.ts';
import { shareOf } from './share.ts';

/** One tax on an amount, rounded to the currency. */
export function taxOn(taxable: Exact, percent: string, currency: CurrencyCode): AmountMinor {
  return roundToMinor(shareOf(taxable, exact(percent)), currency);
}

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
    amountMinor: taxOn(taxable, percent, currency).toString(),
  }));
}

/**
 * The taxes that an amount contains. All are on the same base, which is the amount without any of them: amount / (1 + the sum of the
 * rates). Each is rounded by itself, and what is left of the amount is what they are on, so that nothing is lost between them.
 */
export function includedTaxLines(
  amountMinor: AmountMinor,
  rates: readonly TaxRate[],
  currency: CurrencyCode,
): TaxLine[] {
  const all = Exact.sum(rates.map(({ percent }) => shareOf(ONE, exact(percent))));
  const base = minorToExact(amountMinor, currency).dividedBy(ONE.plus(all));
  const taxes = rates.map(({ percent }) => taxOn(base, percent, currency));
  const taxableMinor = taxes.reduce((left, tax) => left - tax, amountMinor).toString();
  return rates.map(({ name, percent }, index) => {
    return { name, percent, taxableMinor, amountMinor: (taxes[index] ?? 0n).toString(), included: true };
  });
}
