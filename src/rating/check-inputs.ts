import { isPlainDecimal } from '../domain/decimal.ts';
import { parseInstant } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { addOnInputs, allSpans, timelineOf } from './add-ons.ts';
import { checkAround } from './check-around.ts';
import { checkFees } from './check-fees.ts';
import { checkHeld } from './check-held.ts';
import { checkPeriod, microsOf } from './check-period.ts';
import { checkPlan } from './check-plan.ts';
import { checkUsage } from './check-usage.ts';
import { checkFeeBills } from './given-back.ts';
import type { LateUsage, RatingInputs } from './inputs.ts';
import { spanOfLate } from './late-lines.ts';

/**
 * Everything that keeps the inputs from being billed, as sentences. Rating relies on what is checked here, and never throws on
 * usage: one tenant's odd inputs become a held cycle, not a failing one.
 */
export function checkInputs(inputs: RatingInputs): string[] {
  return [
    ...allSpans(inputs).flatMap(({ planVersion }) => checkPlanVersion(inputs, planVersion)),
    ...inputs.late.flatMap(({ planVersion }) => checkPlanVersion(inputs, planVersion)),
    ...(inputs.next === undefined ? [] : checkFeesOfPlan(inputs, inputs.next.planVersion)),
    ...(inputs.endedPlans ?? []).flatMap(({ planVersion }) => checkFeesOfPlan(inputs, planVersion)),
    ...checkPeriod('the period', inputs.period.start, inputs.period.end),
    ...checkPeriod('the period of fees', inputs.feePeriod.start, inputs.feePeriod.end),
    ...inputs.late.flatMap((late) => checkPeriod('the late period', late.usagePeriodStart, late.usagePeriodEnd)),
    ...inputs.late.flatMap(({ feePeriod }) =>
      feePeriod === undefined ? [] : checkPeriod('the period of fees of a late one', feePeriod.start, feePeriod.end),
    ),
    ...(inputs.spans.length === 0 ? ['the period has no span of a plan'] : checkSpans(inputs)),
    ...checkGaps(inputs),
    ...addOnInputs(inputs).flatMap(checkSpans),
    ...checkTimelines(inputs),
    ...checkUsage(inputs),
    ...checkLateSpans(inputs),
    ...checkHeldQuantities(inputs),
    ...checkFees(inputs),
    ...checkFeeBills(inputs),
    ...inputs.tenant.taxRates
      .filter(({ percent }) => !isPlainDecimal(percent))
      .map(({ name, percent }) => `the rate of tax ${name} is no plain decimal: ${JSON.stringify(percent)}`),
    ...checkAround(inputs),
    ...repeated(inputs.meters.map(({ key }) => key)).map((key) => `meter ${key} is given twice`),
  ];
}

/** Add-ons are beside the plan, never in its place: their lines are told apart by that. */
function checkTimelines({ spans, addOns = [] }: RatingInputs): string[] {
  const misplaced = [
    ...spans.filter(({ planVersion }) => planVersion.addOn === true),
    ...addOns.filter(({ planVersion }) => planVersion.addOn !== true),
  ];
  return misplaced.map(({ planVersion: { key, version, addOn } }) => {
    const [is, as] = addOn === true ? ['is an add-on', "the tenant's plan"] : ['is no add-on', 'one'];
    return `plan ${key} version ${version} ${is} and is given as ${as}`;
  });
}

function checkPlanVersion(inputs: RatingInputs, plan: PlanVersion): string[] {
  const name = `plan ${plan.key} version ${plan.version}`;
  const meters = new Map(inputs.meters.map((meter) => [meter.key, meter]));
  // Limits are ingest's business: a bill does not need their meters. How long a list may be is asked where it is applied: prices of a
  // tenant's own make it longer, and where the period is sealed nobody can end them.
  const problems = checkPlan({ ...plan, limits: [] }, meters)
    .filter(({ path }) => path !== 'charges')
    .map(({ path, message }) => `${name}, ${path}: ${message}`);
  if (plan.currency !== inputs.tenant.currency) {
    problems.push(`${name} is priced in ${plan.currency}, the tenant is billed in ${inputs.tenant.currency}`);
  }
  return problems;
}

/** Of the next period's plan, and of one that has ended, only fees are billed: the meters of charges are not asked for. */
function checkFeesOfPlan(inputs: RatingInputs, plan: PlanVersion): string[] {
  return checkPlanVersion(inputs, { ...plan, charges: [] });
}

/** Spans lie in the period and follow each other: usage in two of them would be billed twice. */
function checkSpans({ spans, period }: RatingInputs): string[] {
  if (checkPeriod('the period', period.start, period.end).length > 0) return [];
  const unreadable = spans.flatMap(({ from, to }) => checkPeriod('a span', from, to));
  if (unreadable.length > 0) return unreadable;
  return spans.flatMap(({ from, to }, index) => {
    const before = spans[index - 1]?.to ?? period.start;
    const isInside = microsOf(from) >= microsOf(before) && microsOf(to) <= microsOf(period.end);
    return isInside ? [] : [`the span from ${from} to ${to} overlaps another or lies outside of the period`];
  });
}

/** The tenant's plan is known for all of the period: usage and fees of a gap would be on no bill. Add-ons may come and go. */
function checkGaps({ spans, period }: RatingInputs): string[] {
  const borders = [period.start, ...spans.flatMap(({ from, to }) => [from, to]), period.end];
  if (spans.length === 0 || borders.some((border) => parseInstant(border) === undefined)) return [];
  return [...spans, { from: period.end }].flatMap(({ from }, index) => {
    const end = spans[index - 1]?.to ?? period.start;
    return microsOf(end) < microsOf(from)
      ? [`no plan is given from ${end} to ${from}: none of it would be billed`]
      : [];
  });
}

/** Of spans and of late ones: bounds of a plan may cover what is held. */
function checkHeldQuantities(inputs: RatingInputs): string[] {
  const ofLate = inputs.late.map((one) => ({ ...spanOfLate(one), quantities: one.quantities }));
  return [...allSpans(inputs), ...ofLate].flatMap((span) => checkHeld(span, 'its span'));
}

/** Late usage is of periods before this one, each span of the plan and of each add-on once: its usage would be billed twice. */
function checkLateSpans({ late, period }: RatingInputs): string[] {
  const early = late
    .filter(({ usagePeriodEnd }) => microsOf(usagePeriodEnd) > microsOf(period.start))
    .map(({ usagePeriodStart }) => `late usage of ${usagePeriodStart} is of no period before this one`);
  const byTimeline = Map.groupBy(late, ({ planVersion }) => timelineOf(planVersion));
  return [...early, ...[...byTimeline.values()].flatMap(overlapsOf)];
}

function overlapsOf(late: readonly LateUsage[]): string[] {
  const spans = late.map(spanOfLate).toSorted((one, other) => microsOf(one.from) - microsOf(other.from));
  return spans.flatMap(({ from }, index) => {
    const before = spans[index - 1];
    if (before === undefined || microsOf(from) >= microsOf(before.to)) return [];
    return [`the late usage of the period or span from ${from} is given twice`];
  });
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
