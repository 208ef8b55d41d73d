import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import { fullPeriod, type Period } from '../domain/period.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { itemsWithin, type ItemSpan, type TimeWindow } from '../domain/timeline.ts';
import { fromToTexts } from '../domain/window-texts.ts';
import type { TenantEntry } from './catalogue-snapshot.ts';
import { effectiveAddOns, effectivePlans } from './effective-plans.ts';
import { feesWithin, feeTexts, type HeldFee } from './fee-spans.ts';
import { heldTexts, heldWithin, pricedBy } from './held-quantities.ts';
import { isSamePlan, type PlanSpan, type PrivatePrice, type QuantitySpan } from './timeline-spans.ts';
import { trialEnd } from './trial.ts';

/**
 * A part of a billing period under one plan version, or add-on, and the same prices of the tenant's own. Half-open: the instant of a
 * change belongs to the new one.
 */
export interface PeriodSpan {
  /** With the tenant's own prices in it. */
  readonly plan: PlanVersion;
  readonly privatePrices: readonly PrivatePrice[];
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  /** Whether it is in the tenant's trial. */
  readonly isTrial: boolean;
  /** Of fixed quantities in this span, by name and then in order of time. */
  readonly quantities: readonly ItemSpan<QuantitySpan>[];
  /** With a cadence of their own, those that reach into this span; none in a trial. */
  readonly fees: readonly HeldFee[];
}

/**
 * The parts of a period by the tenant's timeline of plans, prices of its own and the end of its trial, in order, without gap or overlap.
 * `undefined` where a part of the period has no plan: nobody could say what its usage costs.
 */
export function periodSpans(entry: TenantEntry, period: TimeWindow): readonly PeriodSpan[] | undefined {
  const parts = uncut(itemsWithin(effectivePlans(entry), period));
  const isWhole =
    parts[0]?.fromMicros === period.startMicros &&
    parts.every(({ toMicros }, index) => toMicros === (parts[index + 1]?.fromMicros ?? period.endMicros));
  if (!isWhole) return undefined;
  return spansOf(entry, entry.plans, parts, period);
}

/** The same of what the tenant holds beside its plan: by add-on and then in order of time. It may hold one for a part of the period. */
export function addOnSpans(entry: TenantEntry, period: TimeWindow): readonly PeriodSpan[] {
  if (entry.addOns.length === 0) return [];
  const timelines = Map.groupBy(entry.addOns, ({ plan }) => plan.key);
  const effective = Map.groupBy(effectiveAddOns(entry), ({ plan }) => plan.key);
  return [...timelines].flatMap(([key, timeline]) => {
    const parts = uncut(itemsWithin(effective.get(key) ?? [], period));
    return spansOf(entry, timeline, parts, period);
  });
}

/** @param timeline that the parts are of, as it is stored */
function spansOf(
  entry: TenantEntry,
  timeline: readonly PlanSpan[],
  parts: readonly ItemSpan<PlanSpan>[],
  period: TimeWindow,
): PeriodSpan[] {
  const trialEndMicros = trialEnd(entry) ?? -Infinity;
  return parts.flatMap(({ item: { plan, privatePrices = [] }, fromMicros, toMicros }) => {
    const cut = Math.min(Math.max(trialEndMicros, fromMicros), toMicros);
    return [
      { plan, privatePrices, fromMicros, toMicros: cut, isTrial: true },
      { plan, privatePrices, fromMicros: cut, toMicros, isTrial: false },
    ]
      .filter((span) => span.fromMicros < span.toMicros)
      .map((span) => ({
        ...span,
        quantities: quantitiesIn(entry, span),
        fees: span.isTrial ? [] : feesWithin(entry, timeline, { ...span, periodEndMicros: period.endMicros }),
      }));
  });
}

/** A migration may leave one plan version on the timeline twice in a row: nothing changes there, and no band begins anew. */
function uncut(parts: readonly ItemSpan<PlanSpan>[]): ItemSpan<PlanSpan>[] {
  const joined: ItemSpan<PlanSpan>[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    const goesOn = last?.toMicros === part.fromMicros && isSamePriceList(last.item, part.item);
    if (last !== undefined && goesOn) joined.splice(-1, 1, { ...last, toMicros: part.toMicros });
    else joined.push(part);
  }
  return joined;
}

/** The same version with the same prices of the tenant's own: those are the same charges, not only equal ones. */
function isSamePriceList(one: PlanSpan, other: PlanSpan): boolean {
  const [charges, others] = [one.plan.charges, other.plan.charges];
  if (!isSamePlan(one, other) || charges === others) return isSamePlan(one, other);
  return charges.length === others.length && charges.every((charge, index) => charge === others[index]);
}

/** All that the tenant holds in a span of its plan; in one of an add-on, what that has a price for. */
function quantitiesIn(
  { quantities }: TenantEntry,
  { plan, fromMicros, toMicros }: Pick<PeriodSpan, 'plan' | 'fromMicros' | 'toMicros'>,
): readonly ItemSpan<QuantitySpan>[] {
  const held = plan.addOn === true ? pricedBy(plan.fixedQuantities ?? [], quantities) : quantities;
  return heldWithin(held, { startMicros: fromMicros, endMicros: toMicros });
}

/** A span as rating takes it, without its usage. What there is none of is left out, so that inputs say no more than they must. */
export function spanTexts({ plan, privatePrices, isTrial, quantities, fees, ...span }: PeriodSpan) {
  return {
    ...fromToTexts(span),
    planVersion: plan,
    ...(isTrial ? { trial: true as const } : {}),
    ...heldTexts(quantities),
    ...(fees.length === 0 ? {} : { fees: fees.map(feeTexts) }),
    ...(privatePrices.length === 0 ? {} : { privatePrices: privatePrices.map(privatePriceText) }),
  };
}

/** The full period that fees are for: it goes on behind a last period that is cut, and begins before one that a change has shortened. */
export function feePeriodOf({ calendar }: TenantEntry, period: Period): TimeWindow {
  return fullPeriod(calendar, period);
}

function privatePriceText({ charge, fromMicros }: PrivatePrice) {
  return { charge, from: formatInstant(fromMicros) };
}
