import { type InstantText, MICROS_PER_DAY, requireInstant } from '../domain/instant.ts';
import type { LineStep } from '../domain/invoice.ts';
import type { AmountMinor, CurrencyCode } from '../domain/money.ts';
import { Exact, ONE } from './exact.ts';
import { roundToMinor } from './rounding.ts';
import { lineStep, spoken } from './sentences.ts';

/** A half-open span of time. */
export interface TimeSpan {
  readonly from: InstantText;
  readonly to: InstantText;
}

/** A period that fees are for, half-open. */
export interface FeePeriod {
  readonly start: InstantText;
  readonly end: InstantText;
}

/**
 * How much of a period a span is, exactly: (to − from) / (end − start), by the clock and not by days, so that a day with 25 hours
 * weighs more than one with 24. Half-open on both sides: the instant of a change belongs to what comes after it.
 */
export function shareOfPeriod(span: TimeSpan, period: FeePeriod): Exact {
  return Exact.ratio(microsBetween(span.from, span.to), microsBetween(period.start, period.end));
}

function microsBetween(from: InstantText, to: InstantText): bigint {
  return BigInt(requireInstant(to) - requireInstant(from));
}

/** A fee for a span of its period: multiplied first, divided once, not yet rounded. */
export function proratedFee(
  name: string,
  fee: Exact,
  span: TimeSpan,
  period: FeePeriod,
): { readonly amount: Exact; readonly steps: readonly LineStep[] } {
  const share = shareOfPeriod(span, period);
  if (share.equals(ONE)) return { amount: fee, steps: [lineStep('base_fee', `${name} ${spoken(fee)}`, fee)] };
  const amount = fee.times(share);
  const sentence = `${name} ${spoken(fee)} × ${spoken(share)} of the period = ${spoken(amount)}`;
  return { amount, steps: [lineStep('proration', sentence, amount)] };
}

/** What is left of a period at an instant; empty at its end and behind it. Before its start: the whole of it. */
export function spanLeft(at: InstantText, period: FeePeriod): TimeSpan {
  const atMicros = requireInstant(at);
  if (atMicros <= requireInstant(period.start)) return { from: period.start, to: period.end };
  return { from: atMicros < requireInstant(period.end) ? at : period.end, to: period.end };
}

/** How much of a period so many days of 24 hours are. */
export function shareOfDays(days: Exact, period: FeePeriod): Exact {
  return days.times(Exact.ratio(BigInt(MICROS_PER_DAY), microsBetween(period.start, period.end)));
}

/** A fee that changes within its period: what is given back of the old one, and what is due of the new one. Neither is negative. */
export interface FeeChange {
  readonly creditMinor: AmountMinor;
  readonly chargeMinor: AmountMinor;
}

/**
 * The change of a fee that was paid for its whole period. Credit and charge are rounded separately, since each is a line that the
 * customer sees: 66.67 − 33.33 = 33.34.
 *
 * @param left how much of the period is left
 * @param newShare how much of the new fee is due: left out, what is left of the period; 1 where an interval of its own begins
 */
export function feeChange(
  { oldFee, newFee, left, newShare = left }: { oldFee: Exact; newFee: Exact; left: Exact; newShare?: Exact },
  currency: CurrencyCode,
): FeeChange {
  return {
    creditMinor: roundToMinor(oldFee.times(left), currency),
    chargeMinor: roundToMinor(newFee.times(newShare), currency),
  };
}
