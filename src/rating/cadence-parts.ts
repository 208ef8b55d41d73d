import type { InstantText } from '../domain/instant.ts';
import { requireInstant } from '../domain/instant.ts';
import type { LineProvenance } from '../domain/invoice.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { EndedPlan, FeeSpan, RatedSpan, RatingInputs } from './inputs.ts';
import type { TimeSpan } from './proration.ts';
import { NO_USAGE, ofPlan } from './usage-lines.ts';

/** A part of a fee with a cadence of its own, as one bill sees it. */
export interface BilledPart {
  readonly planVersion: PlanVersion;
  readonly fee: FeeSpan;
  /** What begins in it is charged on this bill. Empty where a part is only settled. */
  readonly window: TimeSpan;
  /** Whether the part ends on this bill. */
  readonly isOver: boolean;
}

/** The parts of fees that reach into a span; none in a trial. */
export function partsOfSpan({ from, to, planVersion, trial, fees = [] }: RatedSpan): readonly BilledPart[] {
  if (trial === true) return [];
  return fees.map((fee) => {
    return { planVersion, fee, window: { from, to }, isOver: isBefore(from, fee.to) && !isBefore(to, fee.to) };
  });
}

/** The parts of fees that are settled because their plan version ended with the period before. */
export function partsOfEnded({ period }: Pick<RatingInputs, 'period'>, ended: EndedPlan): readonly BilledPart[] {
  const window = { from: period.start, to: period.start };
  return ended.fees.map((fee) => ({ planVersion: ended.planVersion, fee, window, isOver: true }));
}

/** Whether an instant lies in a half-open span. */
export function isWithin(at: InstantText, { from, to }: TimeSpan): boolean {
  return isBefore(at, to) && !isBefore(at, from);
}

/** Whether one instant comes before another. */
export function isBefore(one: InstantText, other: InstantText): boolean {
  return requireInstant(one) < requireInstant(other);
}

/** What is left of a fee's period where its part ends; `undefined` where nothing is. */
export function restOf({ period, to }: FeeSpan): TimeSpan | undefined {
  return isBefore(to, period.end) ? { from: to, to: period.end } : undefined;
}

/** `of the year from 2026-01-01T00:00:00Z` */
export function feePeriodText({ every, period }: FeeSpan): string {
  return `of the ${every} from ${period.start}`;
}

/** Where a line of a part comes from: its plan version, and the time that is paid for or given back. */
export function ofPart(inputs: Pick<RatingInputs, 'period'>, plan: PlanVersion, paid: TimeSpan): LineProvenance {
  const { start } = inputs.period;
  const periods = { usagePeriodStart: start, accountingPeriodStart: start };
  return { ...ofPlan(plan), from: paid.from, to: paid.to, ...periods, ...NO_USAGE, charge: null };
}
