import { cadencesOf } from '../domain/cadences.ts';
import { parseInstant } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { allSpans } from './add-ons.ts';
import { checkHeld } from './check-held.ts';
import type { RatedSpan, RatingInputs } from './inputs.ts';

/**
 * What is wrong with fees that have a cadence of their own, as sentences: parts that lie outside of their periods, and time of a plan of
 * which its fees say nothing, which would be had for nothing.
 */
export function checkFees({ period, endedPlans = [], ...inputs }: RatingInputs): string[] {
  const paid = allSpans(inputs).filter(({ trial }) => trial !== true);
  return [
    ...paid.flatMap((span) => [...checkParts(span), ...checkCover(span)]),
    ...endedPlans.flatMap(checkParts),
    ...endedPlans.flatMap(({ planVersion, fees }) =>
      fees
        .filter(({ to }) => to !== period.start)
        .map(({ every, to }) => `${feeName(planVersion, every)} is settled at ${to} and not where the period begins`),
    ),
  ];
}

function checkParts({ planVersion, fees = [] }: Pick<RatedSpan, 'planVersion' | 'fees'>): string[] {
  const cadences = new Set(cadencesOf(planVersion));
  return fees.flatMap((fee) => {
    const name = feeName(planVersion, fee.every);
    if (!cadences.has(fee.every)) return [`${name} is given, and the plan has none`];
    const { start, end } = fee.period;
    if (!isRising([start, fee.from, fee.to, end]) || !isRising([fee.from, fee.to], true)) {
      return [`${name} from ${fee.from} to ${fee.to} is empty or lies outside of its period, ${start} to ${end}`];
    }
    return checkHeld(fee, name);
  });
}

/** Each cadence of the plan for all of the span, part after part. */
function checkCover({ from, to, planVersion, fees = [] }: RatedSpan): string[] {
  return cadencesOf(planVersion).flatMap((every) => {
    const parts = fees.filter((fee) => fee.every === every);
    const isJoined = parts.every((part, index) => index === 0 || part.from === parts[index - 1]?.to);
    const isCovered = isRising([parts[0]?.from ?? '', from]) && isRising([to, parts.at(-1)?.to ?? '']);
    if (isJoined && isCovered) return [];
    return [`${feeName(planVersion, every)} is not given for all of the time from ${from} to ${to}`];
  });
}

function feeName({ key, version }: PlanVersion, every: string): string {
  return `the fee by the ${every} of plan ${key} version ${version}`;
}

/** Whether instants are readable and follow each other. */
function isRising(instants: readonly string[], strictly = false): boolean {
  const micros = instants.map((instant) => parseInstant(instant) ?? Number.NaN);
  return micros.every((one, index) => {
    const before = micros[index - 1] ?? -Infinity;
    return strictly ? before < one : before <= one;
  });
}
