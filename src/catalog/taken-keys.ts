import { type EpochMicros, formatInstant } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { planVersionName, type TenantEntry } from './catalogue-snapshot.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { effectiveAddOns, effectivePlans, heldAt } from './effective-plans.ts';
import type { PricedTimelines } from './timeline-spans.ts';

/** Two things that a tenant would hold at the same time, with a charge or fixed quantity of the same key. */
export interface TakenKey {
  readonly key: string;
  readonly one: PlanVersion;
  readonly other: PlanVersion;
  readonly atMicros: EpochMicros;
}

/**
 * A key that the plan and an add-on, or two add-ons, would both have at or after an instant: coupons and late usage know a charge by its
 * key. The first of them; `undefined` where there is none.
 */
export function takenKey(timelines: PricedTimelines, fromMicros: EpochMicros): TakenKey | undefined {
  if (timelines.addOns.length === 0) return undefined;
  const starts = [...effectivePlans(timelines), ...effectiveAddOns(timelines)].map((span) => span.fromMicros);
  const instants = [...new Set([fromMicros, ...starts])].filter((at) => at >= fromMicros).toSorted((a, b) => a - b);
  for (const atMicros of instants) {
    const taken = takenAt(heldAt(timelines, atMicros));
    if (taken !== undefined) return { ...taken, atMicros };
  }
  return undefined;
}

function takenAt(held: readonly PlanVersion[]): Omit<TakenKey, 'atMicros'> | undefined {
  const owners = new Map<string, PlanVersion>();
  for (const plan of held) {
    for (const key of keysOf(plan)) {
      const one = owners.get(key);
      if (one !== undefined && one !== plan) return { key, one, other: plan };
      owners.set(key, plan);
    }
  }
  return undefined;
}

/** What lines of a plan are known by. */
function keysOf({ charges, fixedQuantities = [] }: PlanVersion): readonly string[] {
  return [...charges, ...fixedQuantities].map(({ key }) => key);
}

/** What is wrong with a taken key, and the cure. */
export function takenKeySentence({ key, one, other, atMicros }: TakenKey): string {
  const [first, second] = [one, other].map(({ key: plan, version }) => planVersionName(plan, version));
  return `${first} and ${second} would both have ${key} from ${formatInstant(atMicros)} on: give it another key in one of them, or end the price of the tenant's own that adds it`;
}

/** @throws ChangeRefusedError where a tenant would hold a key twice at or after an instant */
export function refuseTakenKeys(entry: TenantEntry, fromMicros: EpochMicros): void {
  const taken = takenKey(entry, fromMicros);
  if (taken === undefined) return;
  throw new ChangeRefusedError('key_taken', `tenant ${entry.tenant.id}: ${takenKeySentence(taken)}`);
}
