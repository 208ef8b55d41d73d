import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';

import type {
  ChangePlanAnswer,
  Checkpoint,
  OpenPeriod,
  OpenPeriodAnswer,
  TenantActivities,
} from '../activities/answers.ts';
import { AlertSignals } from './alert-signals.ts';
import { tenantBillingDetails } from './details.ts';
import * as messages from './messages.ts';
import type { Command, PlanCommand, TenantBillingInput, TenantBillingState, ThresholdCrossing } from './messages.ts';
import { obeyPlanCommand } from './plan-command.ts';
import { obeySignal, refusal, withRefusal } from './refused-signals.ts';
import { CYCLE_STAGE, PERIOD_START, PLAN_KEY, TENANT_ID } from './search-attributes.ts';
import { checkpointView, initialState, planText, textOrNull } from './tenant-billing-state.ts';
import { backOffMs, failureText, isHistoryLong, PokeCounter, waitUntil } from './waiting.ts';

const activities = proxyActivities<TenantActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '5 seconds', maximumAttempts: 20 },
});

/** A checkpoint that failed is a missing line in a table, not a missing bill: it is tried again later. */
const CHECKPOINT_RETRY_MS = 60_000;

/** How long a command waits for the run to know its period. */
const PERIOD_KNOWN_MS = 10_000;

const UI_COMMAND: Command = { actor: 'temporal-ui' };

/**
 * Watches one tenant's open period, for ever: checkpoints while it is open, starts its cycle when it ends, and continues as new
 * with the next one. Everything it must not forget is in PostgreSQL; each run begins by asking which period is open.
 */
export async function tenantBilling(input: TenantBillingInput): Promise<void> {
  const billing = new TenantBilling(input);
  await billing.run();
}

class TenantBilling {
  readonly #input: TenantBillingInput;
  readonly #pokes = new PokeCounter();
  readonly #alertSignals = new AlertSignals((periodStart) => this.#recordAlerts(periodStart));
  #state: TenantBillingState;
  #period: OpenPeriod | undefined;
  #nextCheckpointMs: number | null = null;
  /** What a command of this run has made of the pause: newer than what `openPeriod` may have read before it. */
  #commandedPause: boolean | undefined;
  /** Checkpoints run one at a time: each waits for the one before. */
  #checkpointing: Promise<unknown> = Promise.resolve();

  constructor(input: TenantBillingInput) {
    this.#input = input;
    this.#state = initialState(input.tenant);
    this.#listen();
  }

  async run(): Promise<void> {
    const opened = await this.#openPeriod();
    if (opened.status === 'ended') {
      this.#show({ stage: 'ended', waitingFor: null });
      await condition(allHandlersFinished);
      return;
    }
    this.#adopt(opened);
    await this.#watchUntilEnd();
    await this.#startCycle(opened);
    await this.#continueAsNew();
  }

  async #openPeriod(): Promise<OpenPeriodAnswer> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await activities.openPeriod({ tenant: this.#input.tenant });
      } catch (error) {
        this.#show({ problem: failureText(error) });
      }
      await this.#pause(attempt, 'the open period');
    }
  }

  #adopt(period: OpenPeriod): void {
    this.#period = period;
    this.#nextCheckpointMs = period.nextCheckpointMs;
    upsertSearchAttributes([
      { key: TENANT_ID, value: this.#input.tenant },
      { key: PERIOD_START, value: new Date(period.periodStart) },
      { key: PLAN_KEY, value: period.plan?.key ?? null },
      { key: CYCLE_STAGE, value: (this.#commandedPause ?? period.paused) ? 'paused' : 'open' },
    ]);
    this.#show({
      stage: 'open',
      periodStart: period.periodStart,
      periodEnd: period.periodEnd,
      plan: planText(period.plan),
      paused: this.#commandedPause ?? period.paused,
      problem: null,
      ...(period.lastCheckpoint === null ? {} : checkpointView(period.lastCheckpoint)),
      alerts: period.alerts ?? [],
      nextCheckpointAt: textOrNull(period.nextCheckpointMs),
    });
  }

  async #watchUntilEnd(): Promise<void> {
    // A checkpoint may bring another end: the tenant's calendar can change while its period is watched.
    for (let closeAtMs = this.#closeAtMs; Date.now() < closeAtMs; closeAtMs = this.#closeAtMs) {
      const dueMs = this.#state.paused ? null : this.#nextCheckpointMs;
      if (dueMs !== null && dueMs <= Date.now()) {
        await this.#timedCheckpoint();
        continue;
      }
      const wakeMs = Math.min(closeAtMs, dueMs ?? closeAtMs);
      const recordings = this.#alertSignals.count;
      const isGrown = (): boolean => this.#alertSignals.count !== recordings && this.#isHistoryLong();
      // A poke and a resumption change when the next checkpoint is due; so does one that a command has taken meanwhile.
      await waitUntil(
        wakeMs,
        () =>
          this.#closeAtMs !== closeAtMs || (this.#state.paused ? null : this.#nextCheckpointMs) !== dueMs || isGrown(),
        wakeMs === closeAtMs ? 'period end' : 'next checkpoint',
      );
      await this.#continueAsNewWhenLong();
    }
  }

  get #closeAtMs(): number {
    return this.#period?.closeAtMs ?? 0;
  }

  async #timedCheckpoint(): Promise<void> {
    try {
      await this.#checkpoint();
    } catch (error) {
      this.#nextCheckpointMs = Date.now() + CHECKPOINT_RETRY_MS;
      this.#show({ problem: failureText(error), nextCheckpointAt: textOrNull(this.#nextCheckpointMs) });
    }
  }

  #checkpoint(): Promise<Checkpoint> {
    const run = this.#checkpointing.catch(() => undefined).then(() => this.#checkpointNow());
    this.#checkpointing = run.catch(() => undefined);
    return run;
  }

  async #checkpointNow(): Promise<Checkpoint> {
    const period = this.#period ?? (await this.#awaitPeriod());
    const order = { tenant: this.#input.tenant, periodStart: period.periodStart };
    const checkpoint = await activities.flushCheckpoint(order);
    this.#nextCheckpointMs = checkpoint.nextAtMs;
    if (checkpoint.end !== undefined) this.#period = { ...period, ...checkpoint.end };
    this.#show({ ...checkpointView(checkpoint), problem: null });
    return checkpoint;
  }

  /** A command may come first of all in a run: it waits until the run knows its period. */
  async #awaitPeriod(): Promise<OpenPeriod> {
    const isKnown = (): boolean => this.#period !== undefined || this.#state.stage === 'ended';
    await waitUntil(Date.now() + PERIOD_KNOWN_MS, isKnown, 'the open period');
    if (this.#period !== undefined) return this.#period;
    const hasEnded = this.#state.stage === 'ended';
    throw refusal(hasEnded ? 'the billing of this tenant has ended' : 'no period is open yet: try again in a moment');
  }

  /** Returns when the cycle of the ended period was started: not while paused, and a backlog one cycle after another. */
  async #startCycle(period: OpenPeriod): Promise<void> {
    this.#show({ stage: 'closing', nextCheckpointAt: null });
    for (let attempt = 0; ; attempt += 1) {
      await this.#waitWhilePaused();
      try {
        const order = { tenant: this.#input.tenant, periodStart: period.periodStart };
        const answer = await activities.startCycle(order);
        if (answer.status === 'started') return;
        // PostgreSQL is the truth: it may have been paused by the catalogue, without a command to this workflow.
        if (answer.status === 'paused') this.#setPaused(true);
        else this.#show({ waitingFor: answer.reason, problem: null });
      } catch (error) {
        this.#show({ problem: failureText(error) });
      }
      if (!this.#state.paused) await this.#pause(attempt, 'the cycle can start');
    }
  }

  async #waitWhilePaused(): Promise<void> {
    if (!this.#state.paused) return;
    this.#show({ stage: 'paused', waitingFor: 'resume' });
    // A poke asks PostgreSQL again: it may have been resumed there while an older answer was on its way.
    const isPoked = this.#pokes.watch();
    await condition(() => !this.#state.paused || isPoked());
    this.#show({ stage: 'closing', waitingFor: null });
    await this.#continueAsNewWhenLong();
  }

  async #pause(attempt: number, until: string): Promise<void> {
    await this.#pokes.wait(backOffMs(attempt), `until ${until}`);
    await this.#continueAsNewWhenLong();
  }

  async #continueAsNewWhenLong(): Promise<void> {
    if (this.#isHistoryLong()) await this.#continueAsNew();
  }

  #isHistoryLong(): boolean {
    return isHistoryLong(this.#input.historyEventsMax);
  }

  async #continueAsNew(): Promise<never> {
    await condition(allHandlersFinished);
    return continueAsNew<typeof tenantBilling>(this.#input);
  }

  #listen(): void {
    const runsCommand = { description: 'Arguments: {"actor": "you", "reason": "why"}' };
    setHandler(messages.tenantBillingState, () => this.#state, { description: 'What the state table shows' });
    setHandler(messages.poke, () => this.#poked(), {
      description: 'There is new usage, or something to look at again',
    });
    setHandler(messages.usageThreshold, (crossing) => this.#thresholdReached(crossing), {
      description: 'Usage has reached a threshold: alerts are recorded now',
    });
    setHandler(messages.flushNow, () => this.#answerFlush(), { description: 'Record the usage so far now' });
    setHandler(messages.flushNowSignal, () => this.#obey('flushNow', () => this.#answerFlush()));
    setHandler(messages.pause, (command) => this.#command(true, command), runsCommand);
    setHandler(messages.pauseSignal, (command) => this.#obey('pause', () => this.#command(true, command)));
    setHandler(messages.resume, (command) => this.#command(false, command), runsCommand);
    setHandler(messages.resumeSignal, (command) => this.#obey('resume', () => this.#command(false, command)));
    setHandler(messages.changePlan, (command) => this.#changePlan(command), {
      description: 'Arguments: {"plan": "pro", "at": "now", "actor": "you", "reason": "why"}',
    });
    setHandler(messages.changePlanSignal, (command) => this.#obey('changePlan', () => this.#changePlan(command)));
  }

  #poked(): void {
    this.#pokes.add();
    // An idle tenant has no next checkpoint: the poke says that it is idle no more.
    this.#nextCheckpointMs ??= Date.now();
  }

  /** Without an argument it comes from the Temporal UI and means the open period. */
  async #thresholdReached(crossing?: ThresholdCrossing): Promise<void> {
    const periodStart = crossing?.periodStart ?? this.#period?.periodStart;
    if (periodStart !== undefined) await this.#alertSignals.take(periodStart);
  }

  /** What could not be recorded is found by the next checkpoint. */
  async #recordAlerts(periodStart: string): Promise<void> {
    try {
      const { alerts } = await activities.recordAlerts({ tenant: this.#input.tenant, periodStart });
      if (alerts.length > 0) this.#show({ alerts });
    } catch (error) {
      this.#show({ problem: failureText(error) });
    }
  }

  async #answerFlush(): Promise<Checkpoint> {
    try {
      return await this.#checkpoint();
    } catch (error) {
      throw error instanceof ApplicationFailure ? error : refusal(failureText(error));
    }
  }

  async #command(paused: boolean, { actor, reason }: Command = UI_COMMAND): Promise<{ paused: boolean }> {
    const order = { tenant: this.#input.tenant, paused, actor, reason: reason ?? '' };
    try {
      const answer = await activities.setPaused(order);
      this.#commandedPause = answer.paused;
      this.#setPaused(answer.paused);
      return answer;
    } catch (error) {
      throw refusal(failureText(error));
    }
  }

  async #changePlan(command?: PlanCommand): Promise<ChangePlanAnswer> {
    const answer = await obeyPlanCommand(this.#input.tenant, command, activities.changePlan);
    if (Date.parse(answer.at) <= Date.now()) this.#show({ plan: planText(answer.plan) });
    return answer;
  }

  #obey(name: string, work: () => Promise<unknown>): Promise<void> {
    return obeySignal(work, (reason) =>
      this.#show({ refusedSignals: withRefusal(this.#state.refusedSignals, name, reason) }),
    );
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#state.paused) return;
    // What was metered during the pause is checkpointed at once when billing goes on.
    if (!paused) this.#nextCheckpointMs = Date.now();
    upsertSearchAttributes([{ key: CYCLE_STAGE, value: paused ? 'paused' : 'open' }]);
    this.#show({ paused });
  }

  #show(change: Partial<TenantBillingState>): void {
    this.#state = { ...this.#state, ...change };
    setCurrentDetails(tenantBillingDetails(this.#state));
  }
}
