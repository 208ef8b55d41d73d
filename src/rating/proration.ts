import { type InstantText, requireInstant } from '../domain/instant.ts';
import type { LineStep } from '../domain/invoice.ts';
import { Exact, ONE } from './exact.ts';
import { lineStep, spoken } from './sentences.ts';

/** A half-open span of time. */
export interface TimeSpan {
  readonly from: InstantText;
  readonly to: InstantText;
}

/**
 * How much of a period a span is, exactly: (to − from) / (end − start), by the clock and not by days, so that a day with 25 hours
 * weighs more than one with 24. Half-open on both sides: the instant of a change belongs to what comes after it.
 */
export function shareOfPeriod(span: TimeSpan, period: { readonly start: InstantText; readonly end: InstantText }): Exact {
  const micros = (from: InstantText, to: InstantText): bigint => BigInt(requireInstant(to) - requireInstant(from));
  return Exact.ratio(micros(span.from, span.to), micros(period.start, period.end));
}

/** A fee for a span of its period: multiplied first, divided once, not yet rounded. */
export function proratedFee(
  name: string,
  fee: Exact,
  span: TimeSpan,
  period: { readonly start: InstantText; readonly end: InstantText },
): { readonly amount: Exact; readonly steps: readonly LineStep[] } {
  const share = shareOfPeriod(span, period);
  if (share.equals(ONE)) return { amount: fee, steps: [lineStep('base_fee', `${name} ${spoken(fee)}`, fee)] };
  const amount = fee.times(share);
  const sentence = `${name} ${spoken(fee)} × ${spoken(share)} of the period = ${spoken(amount)}`;
  return { amount, steps: [lineStep('proration', sentence, amount)] };
}
