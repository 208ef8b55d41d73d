import { isPlainDecimal } from '../domain/decimal.ts';
import { parseInstant } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { checkPlan } from './check-plan.ts';
import type { RatingInputs } from './inputs.ts';

/**
 * Everything that keeps the inputs from being billed, as sentences. Rating relies on what is checked here, and never throws on
 * usage: one tenant's odd inputs become a held cycle, not a failing one.
 */
export function checkInputs(inputs: RatingInputs): string[] {
  return [
    ...checkPlanVersion(inputs, inputs.planVersion),
    ...inputs.late.flatMap((late) => checkPlanVersion(inputs, late.planVersion)),
    ...checkPeriod('the period', inputs.period.start, inputs.period.end),
    ...inputs.late.flatMap((late) => checkPeriod('the late period', late.usagePeriodStart, late.usagePeriodEnd)),
    ...checkQuantities(inputs),
    ...inputs.tenant.taxRates
      .filter(({ percent }) => !isPlainDecimal(percent))
      .map(({ name, percent }) => `the rate of tax ${name} is no plain decimal: ${JSON.stringify(percent)}`),
    ...repeated(inputs.meters.map(({ key }) => key)).map((key) => `meter ${key} is given twice`),
  ];
}

function checkPlanVersion(inputs: RatingInputs, plan: PlanVersion): string[] {
  const name = `plan ${plan.key} version ${plan.version}`;
  // Limits are ingest's business: a bill does not need their meters.
  const meters = [...inputs.meters.map(({ key }) => key), ...plan.limits.map(({ meter }) => meter)];
  const problems = checkPlan(plan, new Set(meters)).map(({ path, message }) => `${name}, ${path}: ${message}`);
  if (plan.currency !== inputs.tenant.currency) {
    problems.push(`${name} is priced in ${plan.currency}, the tenant is billed in ${inputs.tenant.currency}`);
  }
  return problems;
}

function checkPeriod(what: string, start: string, end: string): string[] {
  const startMicros = parseInstant(start);
  const endMicros = parseInstant(end);
  if (startMicros === undefined || endMicros === undefined) return [`${what} is unreadable: ${start} to ${end}`];
  return startMicros < endMicros ? [] : [`${what} is empty: ${start} to ${end}`];
}

function checkQuantities({ usage, late }: RatingInputs): string[] {
  const quantities = [
    ...usage.map(({ meter, quantity }) => ({ meter, quantity })),
    ...late.flatMap((period) =>
      period.usage.flatMap(({ meter, before, after }) => [before, after].map((quantity) => ({ meter, quantity }))),
    ),
  ];
  const meters = [usage, ...late.map((period) => period.usage)].map((rows) => rows.map(({ meter }) => meter));
  return [
    ...quantities
      .filter(({ quantity }) => !isPlainDecimal(quantity))
      .map(({ meter, quantity }) => `the usage of ${meter} is no plain decimal: ${JSON.stringify(quantity)}`),
    ...meters.flatMap(repeated).map((meter) => `the usage of ${meter} is given twice`),
    ...repeated(late.map((period) => period.usagePeriodStart)).map(
      (start) => `the late period ${start} is given twice`,
    ),
  ];
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
