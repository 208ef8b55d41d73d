/** When a change of a tenant's timeline holds, and why it is made. */
export interface TimelineChangeInput {
  /** `now`, `period_end` or an RFC 3339 instant whose period is not sealed. Left out: `period_end` for a plan, which is each tenant's own; `now` for all else. */
  readonly at?: string | undefined;
  readonly reason?: string | undefined;
  /** Answer what it would mean, and change nothing. */
  readonly dryRun?: boolean | undefined;
}

/** What every change of a timeline did, or would do. */
export interface TimelineChangeView {
  readonly dryRun: boolean;
  readonly tenant: string;
  readonly at: string;
  /** Whether the timeline said so already. */
  readonly unchanged: boolean;
  readonly catalogueVersion: number;
  /** `null` where no period is open. */
  readonly preview: TimelinePreviewView | null;
}

/** What a change means in money, by the usage of the open period so far. */
export interface TimelinePreviewView {
  readonly currency: string;
  readonly period: { readonly start: string; readonly end: string };
  readonly thisPeriod: PriceDifferenceView;
}

/** Totals, tax included, as plain decimals of major units; `null` where the usage cannot be rated that way. */
export interface PriceDifferenceView {
  readonly before: string | null;
  readonly after: string | null;
}

/** Which plan a tenant is to have, and from when on. */
export interface PlanChangeInput extends TimelineChangeInput {
  readonly plan: string;
  /** Left out: the newest. */
  readonly version?: number | undefined;
}

/** A plan version by its names. */
export interface PlanNameView {
  readonly key: string;
  readonly version: number;
}

/** What a plan change did, or would do. */
export interface PlanChangeView extends TimelineChangeView {
  readonly from: PlanNameView | null;
  readonly to: PlanNameView;
  /** Changes that it takes the place of: those planned for later, and with an earlier `at` also those that hold already. */
  readonly dropped: readonly (PlanNameView & { readonly from: string })[];
  /** Fixed quantities of an add-on that go on with the plan from there on, or do not any more. Left out by earlier releases. */
  readonly quantities?: readonly string[];
  readonly preview: (TimelinePreviewView & { readonly wholePeriod: PriceDifferenceView }) | null;
}

/** Which add-on a tenant is to hold. */
export interface AddOnInput extends TimelineChangeInput {
  /** The key of a plan that is an add-on. */
  readonly addOn: string;
  /** Left out: the newest. */
  readonly version?: number | undefined;
  /** Where it ends, RFC 3339. Left out: it stays. */
  readonly until?: string | undefined;
}

/** From when on a tenant is not to hold an add-on, or have a price of its own, any more. */
export type EndInput = TimelineChangeInput;

/** What a change of an add-on did, or would do. */
export interface AddOnChangeView extends TimelineChangeView {
  readonly addOn: string;
  readonly until: string | null;
  /** What was held of it just before. */
  readonly from: PlanNameView | null;
  readonly to: PlanNameView | null;
  /** Fixed quantities of it that end with it, or go on with it. Left out by earlier releases. */
  readonly quantities?: readonly string[];
}

/** Which charge of its own a tenant is to have. */
export interface PriceInput extends TimelineChangeInput {
  /** As plans of the catalogue have them: an object, with decimals as strings, or its YAML, with numbers as they are. */
  readonly charge: string | Readonly<Record<string, unknown>>;
  /** Where it ends, RFC 3339. Left out: it stays. */
  readonly until?: string | undefined;
}

/** What a change of a price of a tenant's own did, or would do. */
export interface PriceChangeView extends TimelineChangeView {
  /** The key of the charge. */
  readonly charge: string;
  /** Of which plan or add-on it is a charge then; `null`: of nothing that the tenant holds. */
  readonly plan: string | null;
  readonly until: string | null;
  /** In words, just before and from then on; `null`: nothing is charged. */
  readonly from: string | null;
  readonly to: string | null;
}

/** How many of a fixed quantity a tenant is to hold. */
export interface QuantityInput extends TimelineChangeInput {
  /** A plain decimal. */
  readonly quantity: string;
}

/** What a change of a fixed quantity did, or would do. */
export interface QuantityChangeView extends TimelineChangeView {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** A page of a migration. */
export interface MigrationInput extends TimelineChangeInput {
  /** The version to come under. */
  readonly version: number;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** One tenant of a migration. */
export interface MigrationStepView {
  readonly tenant: string;
  /** The version it is on. */
  readonly from: number;
  readonly at: string | null;
  /** Why it stays; `null`: it moves. */
  readonly refused: string | null;
  /** Fixed quantities of an add-on that end, or go on, with it. Left out where there are none. */
  readonly quantities?: readonly string[];
  /** In a dry run: what its last closed period was billed, and what the new version would have billed. Major units. */
  readonly lastPeriod?: {
    readonly currency: string;
    readonly period: { readonly start: string; readonly end: string } | null;
    readonly billed: string | null;
    readonly wouldBe: string | null;
    readonly difference: string | null;
    readonly problems: readonly string[];
  } | null;
}

/** What a page of a migration did, or would do. */
export interface MigrationPage {
  readonly dryRun: boolean;
  readonly data: readonly MigrationStepView[];
  /** Give it with the next page; `null`: that was the last. */
  readonly nextCursor: string | null;
  readonly catalogueVersion: number;
}
