import type { Charge, PlanVersion } from '../domain/plan.ts';
import { billableQuantity } from './billable-units.ts';
import { Exact, exact, ZERO } from './exact.ts';
import type { RatingInputs, UsageFigures } from './inputs.ts';
import { isForTime } from './models/index.ts';
import type { EarlierUsage } from './price-charge.ts';
import { readingOf } from './reading-of.ts';

/** What carrying over looks at of a span, late or not. */
export interface CarriedSpan {
  readonly planVersion: PlanVersion;
  /** What was free in a trial fills no band and uses up no included unit. */
  readonly trial?: true;
  readonly usage: readonly (UsageFigures & { readonly charge: string })[];
}

/**
 * What a charge's bands and included units have behind them where its plan begins within a period and carries over: the usage of
 * charges of the same key and meter in the spans before, back to the last change that restarted. Carried usage is priced by the new plan's own
 * conversion and bands, and that price is taken off: each unit is priced where it stands in the whole period.
 *
 * `undefined` where nothing is carried: in a first span, where the plan restarts, and for charges that read more than a total. A
 * peak or a latest value does not add up over spans, and each has its own.
 */
export function carriedUsage(
  meters: RatingInputs['meters'],
  spans: readonly CarriedSpan[],
  index: number,
  charge: Charge,
): EarlierUsage | undefined {
  if (!carries(meters, spans[index]?.planVersion, charge)) return undefined;
  const before: Exact[] = [];
  for (let at = index - 1; at >= 0; at -= 1) {
    const span = spans[at];
    if (span?.trial === true) break;
    before.push(span === undefined ? ZERO : usageOfSameMeter(span, charge));
    if (span?.planVersion.onChange !== 'carry_over') break;
  }
  if (before.length === 0) return undefined;
  const metered = Exact.sum(before);
  const { quantity, includedUnits } = billableQuantity(charge, metered);
  return { units: quantity, metered, includedUnits, billed: ZERO };
}

/** Charges may have the same key and count other things: units of another meter fill no band. */
function usageOfSameMeter({ planVersion, usage }: CarriedSpan, { key, meter }: Charge): Exact {
  const isSame = planVersion.charges.some((one) => one.key === key && one.meter === meter);
  const figures = isSame ? usage.find((one) => one.charge === key) : undefined;
  return exact(figures?.quantity ?? '0').atLeast(ZERO);
}

function carries(meters: RatingInputs['meters'], plan: PlanVersion | undefined, charge: Charge): boolean {
  if (plan?.onChange !== 'carry_over' || readingOf(charge).reads !== 'quantity') return false;
  // A fee for time is due for the time of each span: usage before it does not matter.
  if (isForTime(charge.price)) return false;
  const aggregation = meters.find(({ key }) => key === charge.meter)?.aggregation;
  return aggregation === 'sum' || aggregation === 'count';
}
