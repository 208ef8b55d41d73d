import { cadencesOf } from '../domain/cadences.ts';
import { type FeePart, feePartsWithin } from '../domain/fee-periods.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { PeriodLength } from '../domain/period-length.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { type ItemSpan, stretchAround, type TimelineItem, type TimeWindow } from '../domain/timeline.ts';
import { fromToTexts, periodTexts } from '../domain/window-texts.ts';
import type { PlanSpan, QuantitySpan, TenantEntry } from './catalogue-snapshot.ts';
import { heldTexts, heldWithin, pricedBy } from './held-quantities.ts';
import { isSamePlan } from './timeline-spans.ts';
import { trialEnd } from './trial.ts';

/** A fee with a cadence of its own in one of its own periods, for the part in which its plan version holds. */
export interface HeldFee extends FeePart {
  readonly every: PeriodLength;
  /** Of fixed quantities with this cadence, from the part's beginning on, by name and then in order of time. */
  readonly quantities: readonly ItemSpan<QuantitySpan>[];
}

/** A plan version that ended at the very instant at which a period begins, with its fees that were paid for longer. */
export interface EndedPlan {
  readonly plan: PlanVersion;
  readonly fees: readonly HeldFee[];
}

type FeeEntry = Pick<
  TenantEntry,
  'tenant' | 'calendar' | 'billingStartMicros' | 'endsAtMicros' | 'quantities' | 'plans' | 'addOns'
>;

/** A part of a billing period under one plan version. */
interface FeeWindow {
  readonly plan: PlanVersion;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  /** Where the billing period ends. */
  readonly periodEndMicros: EpochMicros;
}

/**
 * The fees with a cadence of their own that reach into a part of a billing period, by cadence and then in order of time. Their periods are
 * counted from where the tenant came to the plan, whatever its version; in a trial, from its end.
 *
 * What the timeline says of the time behind the billing period is left out: the next bill would else depend on when this one was
 * made. A part that ends later, or at the very end of the period, goes on to the end of the fee's own period here.
 *
 * @param timeline of the plan, or of one add-on
 */
export function feesWithin(entry: FeeEntry, timeline: readonly PlanSpan[], window: FeeWindow): readonly HeldFee[] {
  const cadences = cadencesOf(window.plan);
  if (cadences.length === 0) return [];
  const held = stretchAround(timeline, window.fromMicros, isSamePlan);
  const anchorMicros = anchorAt(entry, timeline, window.fromMicros);
  if (held === undefined || anchorMicros === undefined) return [];
  const known = { ...held, toMicros: knownEnd(entry, held, window) };
  return cadences.flatMap((every) => {
    const fixed = window.plan.fixedQuantities?.filter((one) => one.every === every) ?? [];
    const priced = pricedBy(fixed, entry.quantities);
    const calendar = { timeZone: entry.calendar.timeZone, anchorMicros, every };
    return feePartsWithin(calendar, known, windowOf(window)).map((part) => {
      const endMicros = Math.min(part.toMicros, window.toMicros);
      return { ...part, every, quantities: heldWithin(priced, { startMicros: part.fromMicros, endMicros }) };
    });
  });
}

function windowOf({ fromMicros, toMicros }: Pick<FeeWindow, 'fromMicros' | 'toMicros'>): TimeWindow {
  return { startMicros: fromMicros, endMicros: toMicros };
}

/** Where the fees of a plan are counted from; `undefined` where its trial outlives it. */
function anchorAt(entry: FeeEntry, timeline: readonly PlanSpan[], atMicros: EpochMicros): EpochMicros | undefined {
  const run = stretchAround(timeline, atMicros, (one, other) => one.plan.key === other.plan.key);
  if (run === undefined) return undefined;
  const anchor = Math.max(run.fromMicros, entry.billingStartMicros, trialEnd(entry) ?? -Infinity);
  return run.toMicros === null || anchor < run.toMicros ? anchor : undefined;
}

/** Where a plan version ends, as far as a bill may know. The end of the tenant's billing is known: no bill comes after it. */
function knownEnd({ endsAtMicros }: FeeEntry, { toMicros }: TimelineItem, window: FeeWindow): EpochMicros | null {
  const { periodEndMicros } = window;
  if (toMicros !== null && toMicros < periodEndMicros) return toMicros;
  return endsAtMicros === periodEndMicros ? endsAtMicros : null;
}

/**
 * The plan versions, add-ons among them, that ended where a billing period begins, with those of their fees that go on behind it. The
 * period before may have been billed before anybody knew; so it is this one that settles them, always.
 */
export function plansEndedAt(entry: FeeEntry, startMicros: EpochMicros): readonly EndedPlan[] {
  if (startMicros === entry.billingStartMicros) return [];
  const addOns = Map.groupBy(entry.addOns, ({ plan }) => plan.key);
  return [entry.plans, ...addOns.values()].flatMap((timeline) => {
    const last = stretchAround(timeline, startMicros - 1, isSamePlan);
    const plan = timeline.findLast(({ toMicros }) => toMicros === startMicros)?.plan;
    if (plan === undefined || last?.toMicros !== startMicros) return [];
    const window = { plan, fromMicros: startMicros - 1, toMicros: startMicros, periodEndMicros: Infinity };
    const fees = feesWithin(entry, timeline, window).filter(({ period }) => period.endMicros > startMicros);
    return fees.length === 0 ? [] : [{ plan, fees }];
  });
}

/** The same as rating takes it; nothing where there are none. */
export function endedTexts(entry: FeeEntry, { startMicros }: Pick<TimeWindow, 'startMicros'>) {
  const ended = plansEndedAt(entry, startMicros);
  const endedPlans = ended.map(({ plan, fees }) => ({ planVersion: plan, fees: fees.map(feeTexts) }));
  return endedPlans.length === 0 ? {} : { endedPlans };
}

/** The fees of a plan in a period as if somebody came to it where the period begins, for prices that are looked at before. */
export function feesFromStart(plan: PlanVersion, timeZone: string, period: TimeWindow): readonly HeldFee[] {
  const { startMicros: anchorMicros } = period;
  return cadencesOf(plan).flatMap((every) =>
    feePartsWithin({ timeZone, anchorMicros, every }, { fromMicros: anchorMicros, toMicros: null }, period).map(
      (part) => ({ ...part, every, quantities: [] }),
    ),
  );
}

/** Fees as rating takes them. What there is none of is left out, so that inputs say no more than they must. */
export function feeTexts({ every, period, quantities, ...part }: HeldFee) {
  return {
    every,
    period: periodTexts(period),
    ...fromToTexts(part),
    ...heldTexts(quantities),
  };
}
