import type { EpochMicros } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { holdsAt, type TimelineItem } from '../domain/timeline.ts';
import type { PlanSpan, PricedTimelines, PriceSpan } from './timeline-spans.ts';

/** Plans and add-ons with the tenant's own prices in place of theirs. */
interface EffectiveSpans {
  readonly plans: readonly PlanSpan[];
  readonly addOns: readonly PlanSpan[];
}

/** Of a tenant as it was read: whoever asks for every event asks a map. */
const spansOfTenants = new WeakMap<PricedTimelines, EffectiveSpans>();

/**
 * The plans of a tenant as they are for it: the same spans, cut where a price of its own begins or ends, with that in place of the charge of
 * its key. A price whose key neither the plan nor an add-on has is added to the charges of the plan.
 */
export function effectivePlans(timelines: PricedTimelines): readonly PlanSpan[] {
  // Most tenants have no prices of their own, and these spans are looked at for every event.
  return timelines.prices.length === 0 ? timelines.plans : effectiveSpans(timelines).plans;
}

/** The add-ons of a tenant as they are for it. Prices whose key they do not have are none of theirs. */
export function effectiveAddOns(timelines: PricedTimelines): readonly PlanSpan[] {
  return timelines.prices.length === 0 ? timelines.addOns : effectiveSpans(timelines).addOns;
}

function effectiveSpans(timelines: PricedTimelines): EffectiveSpans {
  const known = spansOfTenants.get(timelines);
  if (known !== undefined) return known;
  const { plans, addOns, prices } = timelines;
  const notOfAddOns = prices.filter((price) => !isPriceOfAddOn(price, addOns));
  const made = {
    plans: plans.flatMap((span) => {
      return piecesOf(
        span,
        prices.filter((price) => hasCharge(span.plan, price) || notOfAddOns.includes(price)),
      );
    }),
    addOns: addOns.flatMap((span) =>
      piecesOf(
        span,
        prices.filter((price) => hasCharge(span.plan, price)),
      ),
    ),
  };
  spansOfTenants.set(timelines, made);
  return made;
}

/**
 * Where an add-on has the charge when the price begins, it is a price of the add-on's, and goes with it. What comes later does not change
 * whose it is: that would change what was charged before.
 */
export function isPriceOfAddOn(price: PriceSpan, addOns: readonly PlanSpan[]): boolean {
  return addOns.some((span) => hasCharge(span.plan, price) && holdsAt(span, price.fromMicros));
}

function hasCharge({ charges }: PlanVersion, { charge }: PriceSpan): boolean {
  return charges.some(({ key }) => key === charge.key);
}

function overlap(one: TimelineItem, other: TimelineItem): boolean {
  return one.fromMicros < (other.toMicros ?? Infinity) && other.fromMicros < (one.toMicros ?? Infinity);
}

/** A span, cut at the instants at which a price of its begins or ends. */
function piecesOf(span: PlanSpan, prices: readonly PriceSpan[]): PlanSpan[] {
  const reaching = prices.filter((price) => overlap(span, price));
  if (reaching.length === 0) return [span];
  const cuts = reaching.flatMap(({ fromMicros, toMicros }) => [fromMicros, toMicros ?? Infinity]);
  const inside = [...new Set(cuts)].filter((at) => at > span.fromMicros && at < (span.toMicros ?? Infinity));
  const starts = [span.fromMicros, ...inside.toSorted((a, b) => a - b)];
  return starts.map((fromMicros, index) => {
    const toMicros = starts[index + 1] ?? span.toMicros;
    const holding = reaching.filter((price) => overlap(price, { fromMicros, toMicros }));
    return { ...pricedSpan(span, holding), fromMicros, toMicros };
  });
}

function pricedSpan(span: PlanSpan, holding: readonly PriceSpan[]): PlanSpan {
  if (holding.length === 0) return span;
  const own = new Map(holding.map(({ charge }) => [charge.key, charge]));
  const replaced = span.plan.charges.map((charge) => own.get(charge.key) ?? charge);
  const added = holding.filter((price) => !hasCharge(span.plan, price)).map(({ charge }) => charge);
  return {
    ...span,
    plan: { ...span.plan, charges: [...replaced, ...added] },
    privatePrices: holding.map(({ charge, fromMicros }) => ({ charge: charge.key, fromMicros })),
  };
}

/** A plan version as it would be for a tenant at an instant if the tenant came under it, or held it as an add-on. */
export function planFor(timelines: PricedTimelines, plan: PlanVersion, atMicros: EpochMicros): PlanVersion {
  const wanted = [{ plan, fromMicros: atMicros, toMicros: null }];
  const spans =
    plan.addOn === true
      ? effectiveAddOns({ ...timelines, addOns: wanted })
      : effectivePlans({ ...timelines, plans: wanted });
  return spans[0]?.plan ?? plan;
}

/** What holds at an instant: the plan, if there is one, and all add-ons. */
export function heldAt(timelines: PricedTimelines, atMicros: EpochMicros): readonly PlanVersion[] {
  return [...effectivePlans(timelines), ...effectiveAddOns(timelines)]
    .filter((span) => holdsAt(span, atMicros))
    .map(({ plan }) => plan);
}
