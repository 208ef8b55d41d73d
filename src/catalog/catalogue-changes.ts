import type { Coupon } from '../domain/coupon.ts';
import type { JsonObject } from '../domain/event.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { Charge, PlanVersion } from '../domain/plan.ts';
import type { Party, Tenant } from '../domain/tenant.ts';
import type { LeftQuantities } from './add-on-quantities.ts';
import type { PlanSpan } from './timeline-spans.ts';

/** One definition of the file and what applying it means. A type and no interface: the audit keeps it as JSON. */
export type CatalogueChange = {
  readonly kind: 'issuer' | 'meter' | 'plan' | 'coupon' | 'tenant';
  readonly key: string;
  readonly action: 'created' | 'new_version' | 'updated' | 'unchanged';
  /**
   * `version`, `changed` (fields with from and to), `note`, and of a plan `prices` (in words, before and after) and `staying`
   * (how many tenants stay on earlier versions, and some of their names), where they say something.
   */
  readonly details: JsonObject;
};

/** A tenant comes under a plan version from an instant on; what was to hold from there on or later does not any more. */
export interface PlanMove extends LeftQuantities {
  readonly tenant: string;
  readonly planKey: string;
  readonly planVersion: number;
  readonly fromMicros: EpochMicros;
  /** The tenant's timeline of plans as it is then. */
  readonly plans: readonly PlanSpan[];
}

/** What has to be written to make the stored catalogue say what the file says. */
export interface CatalogueWrites {
  readonly issuer: Party | null;
  readonly meters: readonly Meter[];
  readonly plans: readonly PlanVersion[];
  readonly coupons: readonly Coupon[];
  readonly newTenants: readonly {
    readonly tenant: Tenant;
    readonly plan: PlanVersion;
    /** Of fixed quantities, held from the billing start on. */
    readonly quantities: readonly { readonly name: string; readonly quantity: string }[];
    /** Beside the plan, and charges of its own: from then on too. */
    readonly addOns: readonly PlanVersion[];
    readonly prices: readonly Charge[];
  }[];
  readonly updatedTenants: readonly Tenant[];
  readonly planMoves: readonly PlanMove[];
  /** What the file says of the plans of tenants, where it said something else before. */
  readonly plansOfFile: readonly { readonly tenant: string; readonly plan: string }[];
}

/** The changes as people see them, in the order of the file, and as they are written. */
export interface CatalogueChanges {
  readonly changes: readonly CatalogueChange[];
  readonly writes: CatalogueWrites;
}
