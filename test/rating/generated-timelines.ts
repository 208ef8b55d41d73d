import * as fc from 'fast-check';

import type { PeriodLength } from '../../src/domain/period-length.ts';
import type { Band, FixedQuantity, FixedQuantityPrice, PlanVersion } from '../../src/domain/plan.ts';
import type { FeeSpan, HeldQuantity, LateUsage, RatedSpan } from '../../src/rating/inputs.ts';
import { exact } from '../../src/rating/exact.ts';
import { amounts, decimals } from './generated-charges.ts';
import { type EventsByMeter, generatedPlans, lateOfPlan, periodCuts, spansOf } from './generated-inputs.ts';
import { instantOf } from './generated-usage.ts';

/**
 * What a tenant is under in a period: plans one after the other, each with its bounds, seats and fees by the month or year, perhaps a trial
 * at first. The same timeline can be one of the open period, or one of a sealed period to which usage comes late.
 */

const HOURS = 24 * 30;
const SEATS = 'seats';

/** Plans in turn, and where they change. */
export interface Timeline {
  readonly plans: readonly PlanVersion[];
  readonly cuts: readonly number[];
  /** How many spans are a trial. */
  readonly trialSpans: number;
  /** How many seats are held, in turn, each for as long as the others. */
  readonly seats: readonly number[];
  readonly hasPrivatePrices: boolean;
}

const seatBands: fc.Arbitrary<readonly Band[]> = fc.tuple(amounts, amounts, amounts).map(([one, other, flatFee]) => [
  { upTo: '5', unitPrice: one, flatFee: '0' },
  { upTo: null, unitPrice: other, flatFee },
]);
const seatPrices: fc.Arbitrary<FixedQuantityPrice> = fc.oneof(
  amounts.map((unitPrice): FixedQuantityPrice => ({ model: 'per_unit', unitPrice })),
  fc
    .tuple(fc.constantFrom('graduated' as const, 'volume' as const), seatBands, fc.boolean())
    .map(([model, bands, flatAtZero]): FixedQuantityPrice => ({ model, bands, flatAtZero })),
);

const cadences = fc.constantFrom(undefined, undefined, 'week' as const, 'year' as const);
const fixedQuantities: fc.Arbitrary<readonly FixedQuantity[]> = fc
  .tuple(seatPrices, cadences)
  .map(([price, every]) => [
    { key: SEATS, description: 'Seats', unit: 'seat', price, ...(every === undefined ? {} : { every }) },
  ]);

/** What a plan may have beside its charges. */
const surroundings = fc.record(
  {
    onChange: fc.constantFrom('carry_over' as const, 'restart' as const),
    baseFeeDue: fc.constantFrom('advance' as const, 'arrears' as const),
    baseFeeEvery: fc.constantFrom('week' as const, 'year' as const),
    fixedQuantities,
  },
  { requiredKeys: [] },
);

/** What it may ask for all of them together. */
const planBounds = fc.record(
  {
    commitment: fc.record({ amount: amounts, overageFactor: decimals(3n, 2), trueUp: fc.boolean() }),
    minimum: decimals(50n, 2),
    maximum: decimals(500n, 2).map((text) => exact(text).plus(exact('50')).text),
    boundsCover: fc.constant('charges_and_base_fee' as const),
  },
  { requiredKeys: [] },
);

/** A plan with everything that it may have; an add-on has no bounds. */
export function surroundedPlans(currency: string, kind: 'plan' | 'add_on' = 'plan'): fc.Arbitrary<PlanVersion> {
  return fc.tuple(generatedPlans(currency), surroundings, planBounds).map(([plan, around, bounds]): PlanVersion => {
    if (kind === 'add_on') return { ...plan, ...around, key: 'help', name: 'Help', addOn: true };
    const hasCadence = around.baseFeeEvery !== undefined || around.fixedQuantities?.[0]?.every !== undefined;
    const { boundsCover, ...others } = bounds;
    return { ...plan, ...around, ...others, ...(boundsCover === undefined || hasCadence ? {} : { boundsCover }) };
  });
}

/** Timelines of a tenant; versions of plans are told apart. */
export function generatedTimelines(currency: string, kind: 'plan' | 'add_on' = 'plan'): fc.Arbitrary<Timeline> {
  return fc
    .record({
      plans: fc.array(surroundedPlans(currency, kind), { minLength: 1, maxLength: 2 }),
      cuts: fc.oneof(fc.constant([]), fc.array(fc.integer({ min: 1, max: HOURS - 1 }), { maxLength: 1 }), periodCuts),
      trialSpans: fc.constantFrom(0, 0, 1),
      seats: fc.array(fc.nat(9), { maxLength: 4 }),
      hasPrivatePrices: fc.boolean(),
    })
    .map(({ plans, ...timeline }) => ({
      ...timeline,
      plans: plans.map((plan, index) => ({ ...plan, version: index + 1 })),
    }));
}

/** The spans of the open period. */
export function timelineSpans(timeline: Timeline, events: EventsByMeter): RatedSpan[] {
  const { plans, cuts, trialSpans, hasPrivatePrices } = timeline;
  const spans = spansOf(plans, cuts, events);
  return spans.map((span, index): RatedSpan => {
    const isLast = index === spans.length - 1;
    const prices = span.planVersion.charges.map(({ key }) => ({ charge: key, from: span.from }));
    return {
      ...span,
      quantities: heldSeats(timeline, span),
      fees: feesOf(timeline, span, isLast),
      ...(index < trialSpans ? { trial: true as const } : {}),
      ...(hasPrivatePrices ? { privatePrices: prices } : {}),
    };
  });
}

const HOUR_MS = 3_600_000;
const START_MS = Date.parse(instantOf(0));

function hourOf(instant: string): number {
  return (Date.parse(instant) - START_MS) / HOUR_MS;
}

const PERIOD_MS = HOURS * HOUR_MS;

/** The same timeline so many periods before: what was known of it, and what came late. */
export function lateTimeline(
  timeline: Timeline,
  before: EventsByMeter,
  late: EventsByMeter,
  periodsBack = 1,
): LateUsage[] {
  const earlier = (instant: string): string =>
    new Date(Date.parse(instant) - periodsBack * PERIOD_MS).toISOString().replace('.000Z', 'Z');
  const [usagePeriodStart, usagePeriodEnd] = [earlier(instantOf(0)), earlier(instantOf(HOURS))];
  const spans = timelineSpans(timeline, {});
  return spans.map(({ from, to, planVersion, trial, quantities = [], privatePrices }, index): LateUsage => {
    const inside = (events: EventsByMeter): EventsByMeter =>
      Object.fromEntries(
        Object.entries(events).map(([key, list]) => [
          key,
          list.filter(({ hour }) => hour >= hourOf(from) && hour < hourOf(to)),
        ]),
      );
    return {
      ...lateOfPlan(planVersion, inside(before), inside(late)),
      usagePeriodStart,
      usagePeriodEnd,
      ...(spans.length === 1 ? {} : { span: { from: earlier(from), to: earlier(to) } }),
      ...(trial === undefined ? {} : { trial }),
      quantities: quantities.map((held) => ({ ...held, from: earlier(held.from), to: earlier(held.to) })),
      ...(privatePrices === undefined ? {} : { privatePrices }),
      billedInvoiceId: `inv_${index}`,
    };
  });
}

/** Changes of seats at the same instants of every period, as far as they lie in a span. */
export function heldSeats(
  { seats }: Pick<Timeline, 'seats'>,
  { from, to }: Pick<RatedSpan, 'from' | 'to'>,
): HeldQuantity[] {
  return seats.flatMap((quantity, index): HeldQuantity[] => {
    const begins = later(from, instantOf(Math.floor((index * HOURS) / seats.length)));
    const ends = earlierOf(to, instantOf(Math.floor(((index + 1) * HOURS) / seats.length)));
    return begins < ends ? [{ key: SEATS, from: begins, to: ends, quantity: `${quantity}` }] : [];
  });
}

const later = (one: string, other: string): string => (one > other ? one : other);
const earlierOf = (one: string, other: string): string => (one < other ? one : other);

/** The weeks from the period's first hour on, and the year around it, as far as they reach into a span. */
function feesOf(timeline: Timeline, { from, to, planVersion }: RatedSpan, isLast: boolean): FeeSpan[] {
  const { baseFeeEvery, fixedQuantities: fixed = [] } = planVersion;
  const wanted = new Set([baseFeeEvery, ...fixed.map(({ every }) => every)]);
  const seats = (fee: FeeSpan): FeeSpan => {
    return { ...fee, quantities: heldSeats(timeline, { from: fee.from, to: earlierOf(fee.to, to) }) };
  };
  const ofEvery = (every: PeriodLength, periods: readonly FeeSpan['period'][]): FeeSpan[] =>
    periods
      .filter(({ start, end }) => start < to && end > from)
      .map((period): FeeSpan => {
        const end = isLast ? period.end : earlierOf(period.end, to);
        return seats({ every, period, from: later(period.start, from), to: end });
      });
  return [
    ...(wanted.has('week') ? ofEvery('week', WEEKS) : []),
    ...(wanted.has('year') ? ofEvery('year', [{ start: '2023-07-01T00:00:00Z', end: '2024-07-01T00:00:00Z' }]) : []),
  ];
}

const WEEK_HOURS = 24 * 7;
const WEEKS = [0, 1, 2, 3, 4].map((week) => {
  return { start: instantOf(week * WEEK_HOURS), end: instantOf((week + 1) * WEEK_HOURS) };
});
