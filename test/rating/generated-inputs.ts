import * as fc from 'fast-check';

import type { Aggregation } from '../../src/domain/meter.ts';
import type { Charge, PlanVersion } from '../../src/domain/plan.ts';
import type { ChargeUsage, LateUsage, RatedSpan, RatingInputs } from '../../src/rating/inputs.ts';
import { amounts, generatedCharges, generatedMeter } from './generated-charges.ts';
import { figuresOf, filtered, type GeneratedEvent, generatedEvents, instantOf } from './generated-usage.ts';
import { sampleInputs, samplePlan } from './sample-inputs.ts';

/** Parts of the inputs of rating: plans, the spans that they hold in, what the ledger says of usage to them, in time and late. */

const HOURS = 24 * 30;
const METERS: readonly (readonly [key: string, aggregation: Aggregation])[] = [
  ['calls', 'sum'],
  ['seats', 'max'],
  ['amounts', 'sum'],
  ['stored', 'latest'],
];
export const CURRENCIES = ['USD', 'JPY', 'KWD'] as const;

/** Events by meter. */
export type EventsByMeter = Readonly<Record<string, readonly GeneratedEvent[]>>;

export const eventsByMeter: fc.Arbitrary<EventsByMeter> = fc.record(
  Object.fromEntries(METERS.map(([key]) => [key, generatedEvents])),
);

/** A plan with a charge on some of the meters. */
export function generatedPlans(currency: string, monotone = false): fc.Arbitrary<PlanVersion> {
  const charges = METERS.map(([key, aggregation]) =>
    fc.option(generatedCharges(key, { monotone, aggregation }), { nil: undefined }),
  );
  return fc.tuple(amounts, fc.integer({ min: 1, max: 99 }), ...charges).map(([baseFee, version, ...list]) => {
    return samplePlan({ baseFee, version, currency, charges: list.filter((charge) => charge !== undefined) });
  });
}

/** What the ledger says of some events to every charge of a plan. */
export function usageOfPlan({ charges }: PlanVersion, events: EventsByMeter): ChargeUsage[] {
  return charges.map((charge) => {
    const ofMeter = events[charge.meter] ?? [];
    const eventCount = `${filtered(charge, ofMeter).length}`;
    return {
      charge: charge.key,
      eventCount,
      ledgerRange: null,
      ...figuresOf(charge, ofMeter, aggregationOf(charge)),
    };
  });
}

function aggregationOf({ meter }: Charge): Aggregation {
  return METERS.find(([key]) => key === meter)?.[1] ?? 'sum';
}

/** Late events of one sealed period under one plan: usage without and with them. */
export function lateOfPlan(planVersion: PlanVersion, before: EventsByMeter, late: EventsByMeter): LateUsage {
  const after = Object.fromEntries(METERS.map(([key]) => [key, [...(before[key] ?? []), ...(late[key] ?? [])]]));
  const [without, whole] = [usageOfPlan(planVersion, before), usageOfPlan(planVersion, after)];
  return {
    usagePeriodStart: '2023-10-01T00:00:00Z',
    usagePeriodEnd: '2023-11-01T00:00:00Z',
    planVersion,
    billedInvoiceId: 'inv_aaaaaaaaaaaaaaaaaaaaaaaaaa',
    usage: planVersion.charges.flatMap((charge, index) => {
      const [one, other] = [without[index], whole[index]];
      if (one === undefined || other === undefined) return [];
      const eventCount = `${filtered(charge, late[charge.meter] ?? []).length}`;
      return [{ charge: charge.key, before: one, after: other, eventCount, ledgerRange: null }];
    }),
  };
}

/** The period cut at some hours, each part with a plan of its own; events fall into the part of their hour. */
export function spansOf(plans: readonly PlanVersion[], cuts: readonly number[], events: EventsByMeter): RatedSpan[] {
  const borders = [0, ...cuts.toSorted((one, other) => one - other), HOURS];
  return borders.slice(1).flatMap((to, index): RatedSpan[] => {
    const from = borders[index] ?? 0;
    const planVersion = plans[index % plans.length];
    if (planVersion === undefined) return [];
    const inside = Object.entries(events).map(([key, list]) => [
      key,
      list.filter(({ hour }) => hour >= from && hour < to),
    ]);
    const usage = usageOfPlan(planVersion, Object.fromEntries(inside) as EventsByMeter);
    return [{ from: instantOf(from), to: instantOf(to), planVersion, usage }];
  });
}

export const periodCuts = fc.uniqueArray(fc.integer({ min: 1, max: HOURS - 1 }), { maxLength: 3 });

/** Meters, currency and taxes; the rest by the test. */
export function inputsWith(
  changes: Partial<RatingInputs>,
  currency: string,
  percents: readonly string[] = [],
): RatingInputs {
  return sampleInputs({
    meters: METERS.map(([key, aggregation]) => generatedMeter(key, aggregation)),
    tenant: {
      ...sampleInputs().tenant,
      currency,
      taxRates: percents.map((percent, index) => ({ name: `tax ${index}`, percent })),
    },
    ...changes,
  });
}
