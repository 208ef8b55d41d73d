import type { CycleStage } from '../src/domain/cycle.ts';
import type { InstantText } from '../src/domain/instant.ts';
import type { StripeOutcome } from '../src/stripe/push-invoice.ts';

/**
 * What activities are asked and what they answer. All of it is recorded in workflow histories, so it is small plain JSON: ids,
 * decimal strings, RFC 3339 instants; times that a workflow compares with its clock are also given in epoch milliseconds.
 */

/** Usage of one meter, whole units as a plain decimal. */
export interface MeterUsage {
  readonly meter: string;
  readonly unit: string;
  readonly quantity: string;
}

/** A threshold of the plan that usage has reached. Whole units, a plain decimal. */
export interface ReachedThreshold {
  readonly meter: string;
  readonly unit: string;
  /** The rule: `limit:0.8`, `included:1`, `quantity:50000`. */
  readonly threshold: string;
  readonly thresholdQuantity: string;
  /** When it was found to be reached. */
  readonly at: InstantText;
}

/** The alerts of a period that were found last, for the state table. */
export interface AlertsAnswer {
  readonly alerts: readonly ReachedThreshold[];
}

/** The timed flush of an open period. */
export interface Checkpoint {
  readonly at: InstantText;
  readonly usage: readonly MeterUsage[];
  /** What the period costs so far, tax included, with its currency: `12.34 USD`; `null` when it could not be rated. */
  readonly spend: string | null;
  /** When to come back; `null`: not before the period ends, unless somebody pokes. */
  readonly nextAtMs: number | null;
  /** The alerts of the period that were found last. Missing in histories from before there were any. */
  readonly alerts?: readonly ReachedThreshold[];
  /** The plan version that holds at `at`. Missing in histories from before plans could change within a period. */
  readonly plan?: PlanName | null;
  /** Where the period ends now, as `OpenPeriod` has it. Missing in histories from before calendars could change. */
  readonly end?: Pick<OpenPeriod, 'periodEnd' | 'closeAtMs'>;
}

/** A plan version by its names. */
export interface PlanName {
  readonly key: string;
  readonly version: number;
  readonly name: string;
}

/** The period that a tenant's billing watches: the first one for which no cycle was started. */
export interface OpenPeriod {
  readonly status: 'open';
  readonly periodStart: InstantText;
  readonly periodEnd: InstantText;
  /** When its cycle is to be started: the period's end plus the tenant's share of the spread. */
  readonly closeAtMs: number;
  readonly plan: PlanName | null;
  readonly paused: boolean;
  /** The last checkpoint of this period, if there was one. */
  readonly lastCheckpoint: Checkpoint | null;
  /** The alerts of this period that were found last. Missing in histories from before there were any. */
  readonly alerts?: readonly ReachedThreshold[];
  /** When the first checkpoint of this run is due; `null` for an idle tenant. */
  readonly nextCheckpointMs: number | null;
}

/** `ended`: the tenant's last period has its cycle, there is nothing left to watch. */
export type OpenPeriodAnswer = OpenPeriod | { readonly status: 'ended' };

/** Names one period of one tenant by its start. */
export interface PeriodRef {
  readonly tenant: string;
  readonly periodStart: InstantText;
}

/** `notYet` says what it waits for, as a sentence for the state table. */
export type StartCycleAnswer =
  | { readonly status: 'started'; readonly workflowId: string }
  | { readonly status: 'paused' }
  | { readonly status: 'notYet'; readonly reason: string };

/** Stops billing or lets it go on; who asked and why are kept in the audit. */
export interface PauseOrder {
  readonly tenant: string;
  readonly paused: boolean;
  readonly actor: string;
  readonly reason: string;
}

/** Brings a tenant under another plan version; who asked and why are kept in the audit. */
export interface ChangePlanOrder {
  readonly tenant: string;
  readonly plan: string;
  /** `null`: the newest. */
  readonly version: number | null;
  /** `now`, `period_end` or an instant. */
  readonly at: string;
  /** When it was commanded: what `now` means, however often the activity is tried. */
  readonly commandedAt: InstantText;
  readonly actor: string;
  readonly reason: string;
}

/** The plan version that holds from an instant on. */
export interface ChangePlanAnswer {
  readonly plan: PlanName;
  readonly at: InstantText;
  /** Whether the tenant's timeline said so already. */
  readonly unchanged: boolean;
}

/** Names one cycle in every call of its steps. */
export interface CycleRef extends PeriodRef {
  readonly revision: number;
}

/** A place in a shard's journal: everything at or before it is meant. Numbers as decimal strings. */
export interface Fence {
  readonly shard: number;
  readonly epoch: string;
  readonly sequence: string;
}

/** The period takes no more events: the gate that says so, and the fence behind which none of its events lies. */
export type SealAnswer =
  | { readonly status: 'sealed'; readonly gateVersion: string; readonly fence: Fence }
  | { readonly status: 'notYet'; readonly reason: string };

/** Everything up to the fence is in the ledger. */
export interface BarrierAnswer {
  /** Where the ledger stood when the fence had passed: `<epoch>-<sequence>`. */
  readonly position: string;
}

/** How counters, rollups and raw rows compare; `compared` counts the figures looked at. */
export interface ReconcileAnswer {
  readonly compared: number;
  /** Why an invoice of this period must wait for a person; empty when everything agrees. */
  readonly holdReasons: readonly string[];
  /** What was found, explained and mended: a counter rebuilt after a loss. */
  readonly repairs: readonly string[];
}

/** The draft that was saved, or why there is none: `unratable` waits for a person, `notYet` says for what. */
export type RateAnswer =
  | {
      readonly status: 'rated';
      readonly invoiceId: string;
      readonly contentDigest: string;
      readonly total: string;
      readonly lineCount: number;
      readonly holdReasons: readonly string[];
      readonly decision: Decision | null;
    }
  | { readonly status: 'notYet'; readonly reason: string }
  | { readonly status: 'unratable'; readonly problems: readonly string[] };

/** What a person said about a held invoice. */
export type Decision = 'approved' | 'rejected';

/** A person's word on a held invoice. */
export interface DecisionOrder extends CycleRef {
  readonly decision: Decision;
  readonly actor: string;
  readonly reason: string;
}

/** The invoice as it became binding. */
export interface IssueAnswer {
  readonly invoiceId: string;
  readonly number: string;
  readonly issuedAt: InstantText;
  readonly dueAt: InstantText;
  readonly contentDigest: string;
}

/** What is left to do with an issued invoice, and what came of it. */
export interface FinishAnswer {
  readonly stripe: StripeOutcome;
  /** `settled` where nothing is left to be paid. Missing in histories from before bills of nothing were paid at once. */
  readonly stage?: CycleStage;
}

/** The activities of `tenantBilling`. */
export interface TenantActivities {
  openPeriod(order: { readonly tenant: string }): Promise<OpenPeriodAnswer>;
  flushCheckpoint(order: PeriodRef): Promise<Checkpoint>;
  startCycle(order: PeriodRef): Promise<StartCycleAnswer>;
  setPaused(order: PauseOrder): Promise<{ readonly paused: boolean }>;
  changePlan(order: ChangePlanOrder): Promise<ChangePlanAnswer>;
  recordAlerts(order: PeriodRef): Promise<AlertsAnswer>;
}

/** The activities of `closeCycle`, one for each step, and the one that keeps a person's decision. */
export interface CycleActivities {
  sealPeriod(order: CycleRef): Promise<SealAnswer>;
  passBarrier(order: CycleRef): Promise<BarrierAnswer>;
  reconcileUsage(order: CycleRef): Promise<ReconcileAnswer>;
  rateCycle(order: CycleRef): Promise<RateAnswer>;
  decideHold(order: DecisionOrder): Promise<{ readonly decision: Decision }>;
  issueCycle(order: CycleRef): Promise<IssueAnswer>;
  finishCycle(order: CycleRef): Promise<FinishAnswer>;
}

/** The activity of `drainJournal`. */
export interface JournalActivities {
  drainShard(order: { readonly shard: number; readonly runMs: number }): Promise<{ readonly rows: number }>;
}

/** Everything the two billing workflows may call. */
export interface BillingActivities extends TenantActivities, CycleActivities {}
