import { decimal } from '../domain/decimal.ts';
import type { Meter } from '../domain/meter.ts';
import type { AlertRule, Charge, PlanVersion } from '../domain/plan.ts';
import { parseQuantity } from '../domain/quantity.ts';
import { includedUnits, wholePeriodLimit } from '../domain/threshold.ts';

/** What is wrong with an alert: `{path: 'alerts[0].shareOfLimit', message: '…'}`. */
export interface AlertProblem {
  readonly path: string;
  readonly message: string;
}

/** More than anybody reads; each of them is looked at when a counter moves. */
const ALERTS_MAX = 100;

/** What is wrong with the alerts of a plan whose charges and limits are right: alerts that could never come, or never be told apart. */
export function checkAlerts(plan: PlanVersion, meters: ReadonlyMap<string, Meter>): readonly AlertProblem[] {
  const { alerts = [] } = plan;
  if (alerts.length > ALERTS_MAX) {
    return [{ path: 'alerts', message: `${alerts.length} alerts; at most ${ALERTS_MAX} are allowed` }];
  }
  return alerts.flatMap((rule, index) => {
    const path = `alerts[${index}]`;
    const first = alerts.findIndex((other) => isSameRule(other, rule));
    if (first < index) return [{ path, message: `says the same as alerts[${first}]: remove one of them` }];
    const meter = meters.get(rule.meter);
    if (meter === undefined) return [{ path: `${path}.meter`, message: `there is no meter ${rule.meter}` }];
    return [...checkAggregation(meter, path), ...checkPoint(plan, rule, meter, path)];
  });
}

function isSameRule(one: AlertRule, other: AlertRule): boolean {
  return (
    one.meter === other.meter &&
    one.shareOfLimit === other.shareOfLimit &&
    one.shareOfIncluded === other.shareOfIncluded &&
    one.quantity === other.quantity
  );
}

function checkAggregation({ key, aggregation }: Meter, path: string): AlertProblem[] {
  if (aggregation !== 'latest') return [];
  return [{ path: `${path}.meter`, message: `${key} is latest, which rises and falls: alert on a meter that adds up` }];
}

function checkPoint(plan: PlanVersion, rule: AlertRule, meter: Meter, path: string): AlertProblem[] {
  const { key } = meter;
  if (rule.quantity !== undefined) {
    if (parseQuantity(rule.quantity, meter.scale) !== undefined) return [];
    const message = `must fit the meter's scale of ${meter.scale} digits behind the point and stay below 2^53`;
    return [{ path: `${path}.quantity`, message }];
  }
  if (rule.shareOfLimit === undefined) {
    const charges = plan.charges.filter((charge) => includedUnits({ charges: [charge] }, key) !== undefined);
    if (charges.some(isOnPartOfUsage)) {
      const message = `the included units of ${key} are of filtered, grouped or converted usage: alert on a quantity`;
      return [{ path: `${path}.shareOfIncluded`, message }];
    }
    if (charges.length === 1) return [];
    const found = charges.length === 0 ? 'no charge' : `${charges.length} charges`;
    return [{ path: `${path}.shareOfIncluded`, message: `${found} with includedUnits on ${key}: there must be one` }];
  }
  const limit = wholePeriodLimit(plan.limits, key);
  if (limit === undefined) {
    return [{ path: `${path}.shareOfLimit`, message: `there is no limit on ${key} for a whole period` }];
  }
  if (limit.mode === 'soft' || decimal(rule.shareOfLimit).lte('1')) return [];
  return [{ path: `${path}.shareOfLimit`, message: `usage never passes the hard limit on ${key}: write 1 or less` }];
}

/** Included units of these are not units of the whole meter, so no share of them is a point of its usage. */
function isOnPartOfUsage({ filter, groupBy, conversion }: Charge): boolean {
  return filter !== undefined || groupBy !== undefined || conversion !== undefined;
}
