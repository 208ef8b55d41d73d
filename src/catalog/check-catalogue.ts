import { isTimeZone } from '../domain/calendar-zone.ts';
import { isSameBound } from '../domain/limits.ts';
import { parseQuantity } from '../domain/quantity.ts';
import { checkAddOn } from './check-add-on.ts';
import { checkAlerts } from './check-alerts.ts';
import { checkHoldings } from './check-holdings.ts';
import { checkMeter } from './check-meter.ts';
import type { CatalogueFile, FileLimit, FilePlan, FileTenant } from './catalogue-file.ts';
import { type CatalogueProblem, type FieldPath, fieldPathOf } from './catalogue-problem.ts';
import { planVersionName } from './catalogue-snapshot.ts';
import type { CatalogueSnapshot } from './catalogue-snapshot.ts';
import { limitOf, meterOf, planOf } from './definitions.ts';
import type { Definitions, PlanCheck } from './known-definitions.ts';
import type { ParsedCatalogue } from './parse-catalogue.ts';
import { checkCoupons } from './plan-coupons.ts';

export type { PlanCheck } from './known-definitions.ts';

/** Aggregations of which Redis keeps one running number that a limit can be compared with. */
const LIMITED_AGGREGATIONS: ReadonlySet<string> = new Set(['count', 'sum', 'max']);

/**
 * What is wrong with the file in the light of what it refers to, in itself and in the stored catalogue. Empty: it can be planned.
 * What existing tenants may not change is checked by `planChanges`, which knows what would change.
 */
export function checkCatalogue(
  parsed: ParsedCatalogue,
  snapshot: CatalogueSnapshot,
  checkPlan: PlanCheck,
): readonly CatalogueProblem[] {
  const { file } = parsed;
  const definitions = definitionsOf(file, snapshot);
  return [
    ...checkRepeats(parsed),
    ...checkMetersOfTypes(parsed, definitions, snapshot),
    ...file.meters.flatMap((meter, index) => checkMeter(parsed, snapshot, meterOf(meter, 1), index)),
    ...file.plans.flatMap((plan, index) => [
      ...checkPlanCurrency(parsed, snapshot, plan, index),
      ...checkOnePlan(parsed, definitions, plan, index, checkPlan),
      ...checkAddOn(planOf(plan, 1), snapshot.planVersions.get(planVersionName(plan.key, 1))).map(({ path, message }) =>
        parsed.problemAt(['plans', index, path], message),
      ),
    ]),
    ...checkCoupons(parsed, snapshot),
    ...file.tenants.flatMap((tenant, index) => [
      ...checkTenant(parsed, definitions, tenant, index),
      ...checkHoldings(parsed, definitions, index, checkPlan),
    ]),
  ];
}

/** One event is judged by all of its meters in one step, which packs their number into a byte; more than this is a mistake. */
const METERS_OF_TYPE_MAX = 100;

/** Counts the meters that take a type at any time: older versions hold for events of their own time. */
function checkMetersOfTypes(
  { file, problemAt }: ParsedCatalogue,
  { meters }: Definitions,
  { meterSpans }: CatalogueSnapshot,
): CatalogueProblem[] {
  const newest = Map.groupBy(meters.values(), ({ eventType }) => eventType);
  return file.meters.flatMap((meter, index) => {
    const { eventType } = meterOf(meter, 1);
    const before = (meterSpans.get(eventType) ?? []).flatMap((span) => span.meters);
    const count = new Set([...(newest.get(eventType) ?? []), ...before].map(({ key }) => key)).size;
    if (count <= METERS_OF_TYPE_MAX) return [];
    const message = `${count} meters take events of type ${eventType}, at most ${METERS_OF_TYPE_MAX} may: use dimensions, or other types`;
    return [problemAt(['meters', index, 'eventType'], message)];
  });
}

function definitionsOf(file: CatalogueFile, snapshot: CatalogueSnapshot): Definitions {
  const stored = [...snapshot.planVersions.values()].map((plan) => [plan.key, plan] as const);
  return {
    meters: new Map([...snapshot.meters, ...file.meters.map((meter) => [meter.key, meterOf(meter, 1)] as const)]),
    plans: new Map([...stored, ...file.plans.map((plan) => [plan.key, planOf(plan, 1)] as const)]),
    tenantIds: new Set([...snapshot.tenants.keys(), ...file.tenants.map(({ id }) => id)]),
  };
}

function checkRepeats({ file, problemAt }: ParsedCatalogue): CatalogueProblem[] {
  const repeats = (list: 'meters' | 'plans' | 'coupons' | 'tenants', field: 'key' | 'id', names: readonly string[]) =>
    names.flatMap((name, index) => {
      const first = names.indexOf(name);
      if (first === index) return [];
      return [problemAt([list, index, field], `${name} is already defined by ${list}[${first}]: remove one of them`)];
    });
  return [
    ...repeats(
      'meters',
      'key',
      file.meters.map(({ key }) => key),
    ),
    ...repeats(
      'plans',
      'key',
      file.plans.map(({ key }) => key),
    ),
    ...repeats(
      'coupons',
      'key',
      file.coupons.map(({ key }) => key),
    ),
    ...repeats(
      'tenants',
      'id',
      file.tenants.map(({ id }) => id),
    ),
  ];
}

/** Tenants stay on the version they have, in the currency they have: a plan in another currency is another plan. */
function checkPlanCurrency(
  parsed: ParsedCatalogue,
  snapshot: CatalogueSnapshot,
  plan: FilePlan,
  index: number,
): CatalogueProblem[] {
  const stored = snapshot.planVersions.get(planVersionName(plan.key, 1));
  if (stored === undefined || stored.currency === plan.currency) return [];
  const message = `is ${stored.currency} since version 1 and cannot change: define a plan with another key`;
  return [parsed.problemAt(['plans', index, 'currency'], message)];
}

function checkOnePlan(
  parsed: ParsedCatalogue,
  definitions: Definitions,
  plan: FilePlan,
  index: number,
  checkPlan: PlanCheck,
): CatalogueProblem[] {
  const base: FieldPath = ['plans', index];
  const definition = planOf(plan, 1);
  const ruled = [...checkPlan(definition, definitions.meters), ...checkAlerts(definition, definitions.meters)].map(
    ({ path, message }) => parsed.problemAt([...base, ...fieldPathOf(path)], message),
  );
  const limited = checkLimits(parsed, definitions, plan.limits, [...base, 'limits']);
  return [...ruled, ...limited];
}

/** What is wrong with the limits of a plan or a tenant in the light of the meters they are on. */
function checkLimits(
  { problemAt }: ParsedCatalogue,
  { meters }: Definitions,
  limits: readonly FileLimit[],
  base: FieldPath,
): CatalogueProblem[] {
  return limits.flatMap(({ meter: key, dimension, limit }, position) => {
    const meter = meters.get(key);
    if (meter === undefined) return [];
    const at = (field: string, message: string) => problemAt([...base, position, field], message);
    const problems: CatalogueProblem[] = [];
    if (!LIMITED_AGGREGATIONS.has(meter.aggregation)) {
      const message = `${key} is ${meter.aggregation}, which has no running number: limit a count, sum or max meter`;
      problems.push(at('meter', message));
    } else if (parseQuantity(limit, meter.scale) === undefined) {
      const message = `must fit the meter's scale of ${meter.scale} digits behind the point and stay below 2^53`;
      problems.push(at('limit', message));
    }
    if (dimension !== undefined && !meter.dimensions.includes(dimension)) {
      const known = meter.dimensions.length === 0 ? 'none' : meter.dimensions.join(', ');
      problems.push(at('dimension', `the meter ${key} has no dimension ${dimension}; it has ${known}`));
    }
    return problems;
  });
}

/** What is wrong with a tenant's own limits: what a plan's could be, and meters that are not there or bounded twice. */
function checkOwnLimits(
  parsed: ParsedCatalogue,
  definitions: Definitions,
  limits: readonly FileLimit[],
  base: FieldPath,
) {
  const problems = limits.flatMap((limit, position) => {
    const first = limits.findIndex((other) => isSameBound(limitOf(limit), limitOf(other)));
    const at = (message: string) => parsed.problemAt([...base, position, 'meter'], message);
    return [
      ...(definitions.meters.has(limit.meter) ? [] : [at(`there is no meter ${limit.meter}`)]),
      ...(first < position ? [at(`${limit.meter} is already limited by limits[${first}]`)] : []),
    ];
  });
  return [...problems, ...checkLimits(parsed, definitions, limits, base)];
}

function checkTenant(parsed: ParsedCatalogue, definitions: Definitions, tenant: FileTenant, index: number) {
  const problems: CatalogueProblem[] = [];
  const refuse = (field: string, message: string): number =>
    problems.push(parsed.problemAt(['tenants', index, field], message));
  if (!isTimeZone(tenant.timeZone)) {
    refuse('timeZone', `${tenant.timeZone} is not an IANA time zone: write UTC, Europe/Berlin or Asia/Kathmandu`);
  }
  const plan = definitions.plans.get(tenant.plan);
  if (plan === undefined) {
    refuse('plan', `there is no plan ${tenant.plan}: define it under plans, or name another`);
  } else if (plan.addOn === true) {
    refuse('plan', `${tenant.plan} is an add-on, which is held beside a plan: name it under addOns`);
  } else if (plan.currency !== tenant.currency) {
    refuse('currency', `is ${tenant.currency}, but plan ${tenant.plan} is in ${plan.currency}: both must be the same`);
  }
  if (tenant.endsAt !== null && tenant.billingStart !== undefined && tenant.endsAt <= tenant.billingStart) {
    refuse('endsAt', `must be after billingStart, ${tenant.billingStart}`);
  }
  if (tenant.billTo !== undefined && !definitions.tenantIds.has(tenant.billTo)) {
    refuse('billTo', `there is no tenant ${tenant.billTo}: define it under tenants, or leave billTo out`);
  }
  return [...problems, ...checkOwnLimits(parsed, definitions, tenant.limits, ['tenants', index, 'limits'])];
}
