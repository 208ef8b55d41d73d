import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

import type { ChangePlanAnswer, Checkpoint, Decision, MeterUsage, ReachedThreshold } from '../activities/answers.ts';
import type { CycleStage } from '../src/domain/cycle.ts';
import type { InstantText } from '../src/domain/instant.ts';

/**
 * Everything that the API, the CLI and people at the Temporal UI may say to the workflows. A command is an Update (checked and
 * answered) and, under the same name, a Signal (for the UI, where a refused one shows in the state table).
 */

/** What `tenantBilling` is started with. */
export interface TenantBillingInput {
  readonly tenant: string;
  /** Continue as new at this many history events; tests force it early. */
  readonly historyEventsMax?: number;
}

/** What `closeCycle` is started with. A cycle that begins is recorded with it, so it is only ever added to. */
export interface CloseCycleInput {
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly periodEnd: InstantText;
  readonly revision: number;
  readonly planKey: string | null;
  /** When the late window (and the tenant's share of the spread) is over. */
  readonly sealAtMs: number;
  readonly historyEventsMax?: number;
}

/** What `drainJournal` is started with. */
export interface DrainJournalInput {
  readonly shard: number;
  /** How long one run drains before it continues as new; tests shorten it. */
  readonly runMs?: number;
}

/** Who commands and why; both are kept with what the command changed. A signal without it comes from the Temporal UI. */
export interface Command {
  readonly actor: string;
  readonly reason?: string;
}

/** Which plan a tenant is to have, and from when on. */
export interface PlanCommand extends Partial<Command> {
  readonly plan: string;
  /** Left out: the newest. */
  readonly version?: number;
  /** `now`, `period_end` or an RFC 3339 instant. Left out: `period_end`. */
  readonly at?: string;
}

/** In which period a threshold was reached: not always the one that the tenant's billing watches now. */
export interface ThresholdCrossing {
  readonly periodStart: InstantText;
}

/** A signal that could not be obeyed: shown in the state table, never a failure of the workflow. */
export interface RefusedSignal {
  readonly name: string;
  readonly at: InstantText;
  readonly reason: string;
}

/** The answer of the query `state` of `tenantBilling`. */
export interface TenantBillingState {
  readonly tenant: string;
  readonly stage: 'starting' | 'open' | 'closing' | 'paused' | 'ended';
  readonly periodStart: InstantText | null;
  readonly periodEnd: InstantText | null;
  readonly plan: string | null;
  readonly paused: boolean;
  readonly usage: readonly MeterUsage[];
  readonly spend: string | null;
  /** The alerts that were found last, newest first. */
  readonly alerts: readonly ReachedThreshold[];
  readonly lastCheckpointAt: InstantText | null;
  readonly nextCheckpointAt: InstantText | null;
  readonly waitingFor: string | null;
  readonly problem: string | null;
  readonly refusedSignals: readonly RefusedSignal[];
}

/** One step of a cycle as the state table shows it. */
export interface CycleStepState {
  readonly step: string;
  readonly startedAt: InstantText;
  readonly endedAt: InstantText | null;
  readonly result: string;
}

/** The answer of the query `state` of `closeCycle`. */
export interface CloseCycleState {
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly periodEnd: InstantText;
  readonly revision: number;
  readonly stage: CycleStage;
  readonly sealAt: InstantText;
  readonly steps: readonly CycleStepState[];
  readonly holdReasons: readonly string[];
  readonly decision: Decision | null;
  readonly waitingFor: string | null;
  readonly invoiceId: string | null;
  readonly invoiceNumber: string | null;
  readonly total: string | null;
  readonly refusedSignals: readonly RefusedSignal[];
}

/** How a cycle ended. */
export interface CloseCycleResult {
  readonly outcome: 'issued' | 'rejected';
  /** `null` when the period could not be rated and a person rejected it. */
  readonly invoiceId: string | null;
  readonly number: string | null;
}

/** Both workflows answer it, each with its own state. */
const STATE_QUERY = 'state';
export const tenantBillingState = defineQuery<TenantBillingState>(STATE_QUERY);
export const closeCycleState = defineQuery<CloseCycleState>(STATE_QUERY);

/** tenantBilling: records the usage so far now, and answers the checkpoint. */
export const flushNow = defineUpdate<Checkpoint>('flushNow');
export const flushNowSignal = defineSignal('flushNow');

/** tenantBilling: stops billing (never ingest) until `resume`. Pausing a paused tenant is no error. */
export const pause = defineUpdate<{ paused: boolean }, [Command]>('pause');
export const pauseSignal = defineSignal<[Command?]>('pause');

/** tenantBilling: goes on; cycles that are due close one after another. */
export const resume = defineUpdate<{ paused: boolean }, [Command]>('resume');
export const resumeSignal = defineSignal<[Command?]>('resume');

/** tenantBilling: brings the tenant under another plan version. Refused where that period is sealed, or there is no such plan. */
export const changePlan = defineUpdate<ChangePlanAnswer, [PlanCommand]>('changePlan');
export const changePlanSignal = defineSignal<[PlanCommand?]>('changePlan');

/** closeCycle: ends the late window. Refused once the period is being sealed. */
export const closeNow = defineUpdate<CloseCycleState, [Command]>('closeNow');
export const closeNowSignal = defineSignal<[Command?]>('closeNow');

/** closeCycle: issues a held invoice. Refused while nothing is held. */
export const approve = defineUpdate<CloseCycleState, [Command]>('approve');
export const approveSignal = defineSignal<[Command?]>('approve');

/** closeCycle: ends the cycle without an invoice. Refused while nothing is held. */
export const reject = defineUpdate<CloseCycleState, [Command]>('reject');
export const rejectSignal = defineSignal<[Command?]>('reject');

/**
 * Both: look again at what you wait for. Sent best effort by activities and the worker's sweep; a lost one costs time only,
 * because every wait also has its own timer.
 */
export const poke = defineSignal('poke');

/**
 * tenantBilling: usage of this period has reached a threshold of the plan. Sent best effort by ingest at the event that reached it,
 * several crossings together; the checkpoint and the close of the period find what a lost one missed.
 */
export const usageThreshold = defineSignal<[ThresholdCrossing]>('usageThreshold');

export { closeCycleId, drainJournalId, tenantBillingId } from '../src/domain/workflow-names.ts';
export { CLOSE_CYCLE, DRAIN_JOURNAL, TENANT_BILLING } from '../src/domain/workflow-names.ts';
