import type { EpochMicros } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { holdsAt } from '../domain/timeline.ts';
import { heldAt } from './effective-plans.ts';
import type { PlanSpan, PricedTimelines, QuantitySpan } from './timeline-spans.ts';

type HeldTimelines = PricedTimelines & { readonly quantities: readonly QuantitySpan[] };

/** The timelines of a tenant's fixed quantities as a change leaves them. */
export interface LeftQuantities {
  readonly quantities: readonly QuantitySpan[];
  /** Of which of them the timeline is another one then. */
  readonly changedQuantities: readonly string[];
}

/** What a change of plans or add-ons leaves of fixed quantities, and whose timelines have to be written. The same parameters as below. */
export function leftQuantities(before: HeldTimelines, after: HeldTimelines, fromMicros: EpochMicros): LeftQuantities {
  const quantities = quantitiesOfAddOns(before, after, fromMicros);
  return { quantities, changedQuantities: changedNames(before.quantities, quantities) };
}

/**
 * The fixed quantities of a tenant as they are when its add-ons change, or its plan beside them: those of an add-on end with it, and none is
 * there when it begins again. Where it was to end and now goes on, they go on too. What the plan, or another add-on, has a price for just then
 * goes on as well, and what only a plan has stays, as it does when plans change.
 *
 * @param before what the tenant held until the change was ordered
 * @param after the same with the change, and the quantities as they were
 * @param fromMicros when the change takes effect: nothing before it is touched
 */
export function quantitiesOfAddOns(
  before: HeldTimelines,
  after: HeldTimelines,
  fromMicros: EpochMicros,
): readonly QuantitySpan[] {
  const timelines = Map.groupBy(after.quantities, ({ name }) => name);
  return [...timelines].flatMap(([name, items]) => {
    const goingOn = endsOf(before, name, fromMicros).filter((end) => isPricedAt(after, name, end));
    const cuts = [...endsOf(after, name, fromMicros), ...beginningsOf(after, name, fromMicros)];
    return cutAt(resumed(items, goingOn), cuts).filter(
      (item) => item.fromMicros < fromMicros || !isGivenUp(before, after, item),
    );
  });
}

/** Those names of which the timelines differ. */
export function changedNames(before: readonly QuantitySpan[], after: readonly QuantitySpan[]): readonly string[] {
  const names = [...new Set([...before, ...after].map(({ name }) => name))];
  return names.filter((name) => timelineText(before, name) !== timelineText(after, name));
}

function timelineText(items: readonly QuantitySpan[], name: string): string {
  return JSON.stringify(items.filter((item) => item.name === name));
}

/**
 * Whether a quantity was to begin with a price that goes with its add-on, also with one that never comes to be; or without any, and an add-on
 * now brings one, for which nobody ordered it.
 */
function isGivenUp(before: HeldTimelines, after: HeldTimelines, { name, fromMicros }: QuantitySpan): boolean {
  if (isPricedAt(before, name, fromMicros) === isPricedAt(after, name, fromMicros)) return false;
  return [before, after].some((timelines) => spansWith(timelines, name).some((span) => holdsAt(span, fromMicros)));
}

/** Where an add-on that has the price of a quantity ends, and nothing else has it. */
function endsOf(timelines: HeldTimelines, name: string, fromMicros: EpochMicros): readonly EpochMicros[] {
  return spansWith(timelines, name)
    .flatMap(({ toMicros }) => toMicros ?? [])
    .filter((end) => end >= fromMicros && !isPricedAt(timelines, name, end));
}

/** Where one begins, and nothing had it until then. */
function beginningsOf(timelines: HeldTimelines, name: string, fromMicros: EpochMicros): readonly EpochMicros[] {
  return spansWith(timelines, name)
    .map((span) => span.fromMicros)
    .filter((start) => start >= fromMicros && !isPricedAt(timelines, name, start - 1));
}

function spansWith({ addOns }: PricedTimelines, name: string): readonly PlanSpan[] {
  return addOns.filter(({ plan }) => hasQuantity(plan, name));
}

function isPricedAt(timelines: PricedTimelines, name: string, atMicros: EpochMicros): boolean {
  return heldAt(timelines, atMicros).some((plan) => hasQuantity(plan, name));
}

function hasQuantity({ fixedQuantities = [] }: PlanVersion, name: string): boolean {
  return fixedQuantities.some(({ key }) => key === name);
}

/** Items that ended where an add-on was to end go on to the next one, or for good. */
function resumed(items: readonly QuantitySpan[], goingOn: readonly EpochMicros[]): readonly QuantitySpan[] {
  return items.map((item, index) => {
    const isResumed = item.toMicros !== null && goingOn.includes(item.toMicros);
    return isResumed ? { ...item, toMicros: items[index + 1]?.fromMicros ?? null } : item;
  });
}

function cutAt(items: readonly QuantitySpan[], cuts: readonly EpochMicros[]): readonly QuantitySpan[] {
  return items.map((item) => {
    const inside = cuts.filter((at) => at > item.fromMicros && holdsAt(item, at));
    return inside.length === 0 ? item : { ...item, toMicros: Math.min(...inside) };
  });
}
