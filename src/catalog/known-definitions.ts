import type { Meter } from '../domain/meter.ts';
import type { PlanVersion } from '../domain/plan.ts';

/** The rules of price lists, which belong to rating: `checkPlan` of src/rating, given by the API. */
export type PlanCheck = (
  plan: PlanVersion,
  meters: ReadonlyMap<string, Meter>,
) => readonly { readonly path: string; readonly message: string }[];

/** What the file and the stored catalogue together define. */
export interface Definitions {
  readonly meters: ReadonlyMap<string, Meter>;
  /** Of each plan some version: what never changes is the same in all of them. */
  readonly plans: ReadonlyMap<string, Pick<PlanVersion, 'currency' | 'addOn'>>;
  readonly tenantIds: ReadonlySet<string>;
}
