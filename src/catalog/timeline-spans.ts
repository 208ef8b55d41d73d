import type { EpochMicros } from '../domain/instant.ts';
import type { Charge, PlanVersion } from '../domain/plan.ts';

/** A charge of the tenant's own in a plan, and since when it holds. */
export interface PrivatePrice {
  /** The key of the charge. */
  readonly charge: string;
  readonly fromMicros: EpochMicros;
}

/** The plan that governs a tenant, or is held beside that, from one instant to another, half-open; `toMicros` is `null` while open. */
export interface PlanSpan {
  readonly plan: PlanVersion;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros | null;
  /** Which charges of the plan are the tenant's own. Left out: none, and always on the timeline itself. */
  readonly privatePrices?: readonly PrivatePrice[];
}

/** Whether two spans are of one plan version. */
export function isSamePlan({ plan: one }: Pick<PlanSpan, 'plan'>, { plan: other }: Pick<PlanSpan, 'plan'>): boolean {
  return one.key === other.key && one.version === other.version;
}

/** How many of a fixed quantity a tenant holds from one instant to another, half-open; `toMicros` is `null` while open. */
export interface QuantitySpan {
  readonly name: string;
  /** A plain decimal. */
  readonly quantity: string;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros | null;
}

/** A charge of a tenant's own from one instant to another, in place of the one with its key in whatever plan it is under. */
export interface PriceSpan {
  readonly charge: Charge;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros | null;
}

/** A tenant's timelines of what it pays for. */
export interface PricedTimelines {
  /** In order of time. */
  readonly plans: readonly PlanSpan[];
  /** Of plans that are held beside those, by key and then in order of time. */
  readonly addOns: readonly PlanSpan[];
  /** Of prices of its own, by charge and then in order of time. */
  readonly prices: readonly PriceSpan[];
}
