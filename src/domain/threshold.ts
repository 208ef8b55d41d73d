import { decimal, decimalText } from './decimal.ts';
import type { AlertRule, Limit, PlanVersion } from './plan.ts';
import type { Scale } from './quantity.ts';

/** A point of a meter's usage in a period at which somebody is to be told. */
export interface Threshold {
  readonly meter: string;
  /** The rule it comes from, canonical: `limit:0.8`, `included:1`, `quantity:50000`. */
  readonly rule: string;
  /** Usage that reaches it: whole units, a plain decimal. */
  readonly quantity: string;
}

/** What thresholds are made of: a plan, or a plan with a tenant's own limits in place of its own. */
export type ThresholdSource = Pick<PlanVersion, 'charges' | 'limits' | 'alerts'>;

/** The rule of a limit that is used up: implied by every limit on a whole period. */
const WHOLE_LIMIT = '1';

/**
 * The thresholds of a plan: those of its alerts, and 100 % of every limit on a whole period. Each (meter, rule) once. A share of
 * something that the plan does not have gives none: a tenant may be without the limit that its plan's alert is a share of.
 */
export function thresholdsOf(source: ThresholdSource): readonly Threshold[] {
  const implied: AlertRule[] = source.limits
    .filter(isWholePeriod)
    .map(({ meter }) => ({ meter, shareOfLimit: WHOLE_LIMIT }));
  const byName = new Map<string, Threshold>();
  for (const rule of [...(source.alerts ?? []), ...implied]) {
    const threshold = thresholdOf(source, rule);
    if (threshold !== undefined) byName.set(`${threshold.meter}/${threshold.rule}`, threshold);
  }
  return [...byName.values()];
}

function thresholdOf(source: ThresholdSource, rule: AlertRule): Threshold | undefined {
  const { meter } = rule;
  if (rule.quantity !== undefined) {
    return { meter, rule: `quantity:${canonical(rule.quantity)}`, quantity: canonical(rule.quantity) };
  }
  const [name, share, whole] =
    rule.shareOfLimit === undefined
      ? ['included', rule.shareOfIncluded, includedUnits(source, meter)]
      : ['limit', rule.shareOfLimit, wholePeriodLimit(source.limits, meter)?.limit];
  if (whole === undefined) return undefined;
  return {
    meter,
    rule: `${name}:${canonical(share)}`,
    quantity: decimalText(decimal(share).times(decimal(whole))),
  };
}

/** The limit on a meter's whole period and whole tenant; shorter windows refill before anybody could act on an alert. */
export function wholePeriodLimit(limits: readonly Limit[], meter: string): Limit | undefined {
  return limits.find((limit) => limit.meter === meter && isWholePeriod(limit));
}

function isWholePeriod({ window, dimension }: Limit): boolean {
  return window === 'period' && dimension === undefined;
}

/** The units of a meter that cost nothing: of its charges the one that has some. `checkPlan` refuses alerts where two have. */
export function includedUnits({ charges }: Pick<PlanVersion, 'charges'>, meter: string): string | undefined {
  return charges.find((charge) => charge.meter === meter && decimal(charge.includedUnits).gt('0'))?.includedUnits;
}

/** Whether usage (whole units, a plain decimal) has reached a threshold. Nothing reaches no threshold, not even one of zero. */
export function reachesThreshold(usage: string, threshold: Pick<Threshold, 'quantity'>): boolean {
  const used = decimal(usage);
  return used.gt('0') && used.gte(decimal(threshold.quantity));
}

/**
 * A threshold as a counter meets it: the smallest scaled integer that reaches it, and never less than one, since no usage reaches
 * none.
 */
export function scaledThreshold({ quantity }: Pick<Threshold, 'quantity'>, scale: Scale): bigint {
  const [whole = '0', fraction = ''] = quantity.split('.');
  const below = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  const reached = /[1-9]/.test(fraction.slice(scale)) ? below + 1n : below;
  return reached > 0n ? reached : 1n;
}

function canonical(text: string): string {
  return decimalText(decimal(text));
}
