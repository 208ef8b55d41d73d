import type { InvoiceLine, LineProvenance, LineStep } from '../domain/invoice.ts';
import { type AmountMinor, type CurrencyCode, formatMinor } from '../domain/money.ts';
import type { Exact } from './exact.ts';
import type { RatingInputs } from './inputs.ts';
import { minorToExact, roundToMinor } from './rounding.ts';
import { lineStep } from './sentences.ts';

/** What lines add up to, minor units. */
export function sumOfLines(lines: readonly Pick<InvoiceLine, 'amountMinor'>[]): AmountMinor {
  return lines.reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n);
}

/** What lines add up to, in major units. */
export function exactSumOfLines(lines: readonly Pick<InvoiceLine, 'amountMinor'>[], currency: CurrencyCode): Exact {
  return minorToExact(sumOfLines(lines), currency);
}

/**
 * The figures of a line that leads from one running amount to the next, as the difference of the rounded amounts: however many such
 * lines follow each other, together they come to the rounded last one.
 */
export function differenceLine(
  from: Exact,
  to: Exact,
  step: LineStep,
  currency: CurrencyCode,
): Pick<InvoiceLine, 'exactAmount' | 'amountMinor' | 'steps'> {
  const difference = to.minus(from);
  const amountMinor = roundToMinor(to, currency) - roundToMinor(from, currency);
  const rounded = minorToExact(amountMinor, currency);
  const rounding = lineStep('rounding', `rounded to ${formatMinor(amountMinor, currency)}`, rounded);
  return {
    exactAmount: difference.text,
    amountMinor: amountMinor.toString(),
    steps: rounded.equals(difference) ? [step] : [step, rounding],
  };
}

const OF_CHARGES: ReadonlySet<InvoiceLine['kind']> = new Set(['usage', 'minimum', 'maximum']);

/**
 * Whether lines of a kind are of what charges come to for the usage of the period, with what their own bounds add and take. Late usage has
 * its own period, and fixed quantities are none of it.
 */
export function isOfCharges(kind: InvoiceLine['kind']): boolean {
  return OF_CHARGES.has(kind);
}

/** The same of one charge: fixed quantities have keys of their own. @param charge its key */
export function isLineOfCharge({ kind, provenance }: InvoiceLine, charge: string | undefined): boolean {
  return isOfCharges(kind) && provenance.charge === charge;
}

/** Where a line comes from that belongs to the bill as a whole: the plan at its end, the whole period, no usage. */
export function ofWholeBill({ spans, period }: RatingInputs): LineProvenance {
  const planVersion = spans.at(-1)?.planVersion;
  return {
    charge: null,
    planKey: planVersion?.key ?? '',
    planVersion: planVersion?.version ?? 0,
    meter: null,
    meterVersion: null,
    from: period.start,
    to: period.end,
    usagePeriodStart: period.start,
    accountingPeriodStart: period.start,
    eventCount: '0',
    ledgerRange: null,
  };
}
