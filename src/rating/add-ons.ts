import type { InvoiceLine } from '../domain/invoice.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { RatedSpan, RatingInputs } from './inputs.ts';

/** The name of the timeline that a plan version is on: that of its add-on, or nothing for the tenant's plan. */
export function timelineOf({ addOn, key }: Pick<PlanVersion, 'addOn' | 'key'>): string {
  return addOn === true ? key : '';
}

/** The key of a line, which is told apart from the same key of the tenant's plan and of other add-ons. */
export function keyOnTimeline(plan: Pick<PlanVersion, 'addOn' | 'key'>, key: string): string {
  return plan.addOn === true ? `addon:${plan.key}:${key}` : key;
}

/** The spans of the tenant's plan, and then those of add-ons. */
export function allSpans({ spans, addOns = [] }: Pick<RatingInputs, 'spans' | 'addOns'>): readonly RatedSpan[] {
  return [...spans, ...addOns];
}

/** The inputs of each add-on by itself, its spans in place of those of the tenant's plan; in the order in which they are given. */
export function addOnInputs({ addOns = [], ...inputs }: RatingInputs): readonly RatingInputs[] {
  const byAddOn = Map.groupBy(addOns, ({ planVersion }) => planVersion.key);
  return [...byAddOn.values()].map((spans) => ({ ...inputs, spans }));
}

/** Lines of an add-on by the names that they have on the bill. */
export function namedLines({ spans }: Pick<RatingInputs, 'spans'>, lines: readonly InvoiceLine[]): InvoiceLine[] {
  const plan = spans[0]?.planVersion;
  return plan === undefined ? [...lines] : lines.map((line) => ({ ...line, key: keyOnTimeline(plan, line.key) }));
}
