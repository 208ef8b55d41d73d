import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { Party } from '../domain/tenant.ts';
import type { ChargeUsage, RatedTenant, RatingInputs } from '../rating/inputs.ts';

/** What a bill that is not made is about. */
export interface PlanBill {
  readonly tenant: RatedTenant & { readonly id: string };
  readonly issuer: Party;
  readonly period: { readonly startMicros: EpochMicros; readonly endMicros: EpochMicros };
  readonly plan: PlanVersion;
  readonly meters: ReadonlyMap<string, Meter>;
  readonly usage: readonly ChargeUsage[];
}

/** Inputs of rating for one plan that holds for a whole period, and nothing else: no late usage, no earlier bills, no credits. */
export function inputsOfPlan({ tenant, issuer, period, plan, meters, usage }: PlanBill): RatingInputs {
  const span = { start: formatInstant(period.startMicros), end: formatInstant(period.endMicros) };
  return {
    identity: { tenant: tenant.id, kind: 'cycle', occasion: span.start, revision: 0 },
    meters: metersOf(plan, meters),
    tenant,
    issuer,
    period: span,
    feePeriod: span,
    spans: [{ from: span.start, to: span.end, planVersion: plan, usage }],
    late: [],
    earlier: [],
    isLast: true,
    corrects: null,
  };
}

/** Recorded inputs with another plan for the whole of the period. All else of the bill stays: late usage, credits, coupons. */
export function withPlan(
  recorded: RatingInputs,
  { plan, meters, usage }: Pick<PlanBill, 'plan' | 'meters' | 'usage'>,
): RatingInputs {
  const { start, end } = recorded.period;
  const own = metersOf(plan, meters);
  const names = new Set(own.map(({ key }) => key));
  return {
    ...recorded,
    meters: [...own, ...recorded.meters.filter(({ key }) => !names.has(key))],
    spans: [{ from: start, to: end, planVersion: plan, usage }],
  };
}

function metersOf({ charges }: PlanVersion, meters: ReadonlyMap<string, Meter>): Meter[] {
  const keys = [...new Set(charges.map(({ meter }) => meter))];
  return keys.toSorted().flatMap((key) => meters.get(key) ?? []);
}
