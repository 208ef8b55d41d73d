/** Which plan a tenant is to have, and from when on. */
export interface PlanChangeInput {
  readonly plan: string;
  /** Left out: the newest. */
  readonly version?: number | undefined;
  /** `now`, `period_end` or an RFC 3339 instant whose period is not sealed. Left out: `period_end`. */
  readonly at?: string | undefined;
  readonly reason?: string | undefined;
  /** Answer what it would mean, and change nothing. */
  readonly dryRun?: boolean | undefined;
}

/** A plan version by its names. */
export interface PlanNameView {
  readonly key: string;
  readonly version: number;
}

/** Totals, tax included, as plain decimals of major units; `null` where the usage cannot be rated that way. */
export interface PriceDifferenceView {
  readonly before: string | null;
  readonly after: string | null;
}

/** What a plan change did, or would do. */
export interface PlanChangeView {
  readonly dryRun: boolean;
  readonly tenant: string;
  readonly at: string;
  readonly from: PlanNameView | null;
  readonly to: PlanNameView;
  /** Whether the timeline said so already. */
  readonly unchanged: boolean;
  /** Changes that were planned for later and are not any more. */
  readonly dropped: readonly (PlanNameView & { readonly from: string })[];
  readonly catalogueVersion: number;
  /** By the usage of the open period so far; `null` where none is open. */
  readonly preview: {
    readonly currency: string;
    readonly period: { readonly start: string; readonly end: string };
    readonly thisPeriod: PriceDifferenceView;
    readonly wholePeriod: PriceDifferenceView;
  } | null;
}
