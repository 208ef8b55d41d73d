import { type InstantText, MICROS_PER_DAY, requireInstant } from '../domain/instant.ts';
import { Exact, ONE } from './exact.ts';
import { pricedStep } from './models/added.ts';
import type { PricedQuantity } from './models/model.ts';
import { spoken } from './sentences.ts';

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

/** A fee for a span of its period: multiplied first, divided once, not yet rounded. @param whole what its period is called */
export function proratedFee(
  name: string,
  fee: Exact,
  span: TimeSpan,
  period: FeePeriod,
  whole = 'period',
): PricedQuantity {
  return feeForShare(name, fee, shareOfPeriod(span, period), whole);
}

/** A fee for a share of its period, not yet rounded. @param whole what its period is called */
export function feeForShare(name: string, fee: Exact, share: Exact, whole = 'period'): PricedQuantity {
  if (share.equals(ONE)) return pricedStep('base_fee', `${name} ${spoken(fee)}`, fee);
  const amount = fee.times(share);
  return pricedStep(
    'proration',
    `${name} ${spoken(fee)} × ${spoken(share)} of the ${whole} = ${spoken(amount)}`,
    amount,
  );
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
