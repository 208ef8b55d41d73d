import {
  allHandlersFinished,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';

import type { CycleActivities, CycleRef, Decision, RateAnswer } from '../activities/answers.ts';
import type { CloseCycleStep } from '../activities/close-cycle-steps.ts';
import type { CycleStage } from '../src/domain/cycle.ts';
import { closeCycleDetails, instantOfMs, shortInstant } from './details.ts';
import * as messages from './messages.ts';
import type { CloseCycleInput, CloseCycleResult, CloseCycleState, Command, CycleStepState } from './messages.ts';
import { obeySignal, refusal, withRefusal } from './refused-signals.ts';
import { CYCLE_STAGE } from './search-attributes.ts';
import { backOffMs, failureText, isHistoryLong, PokeCounter, waitUntil } from './waiting.ts';

/**
 * Every step sends heartbeats, so that a worker that died is noticed within ten seconds although a step over a large tenant may
 * take minutes.
 */
const activities = proxyActivities<CycleActivities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '5 seconds', maximumAttempts: 20 },
});

const UI_COMMAND: Command = { actor: 'temporal-ui' };
/** How long a decision may wait for a rating that is just being reported. */
const HOLD_WAIT_MS = 10_000;

/**
 * Closes one period of one tenant: late window, seal, barrier, reconcile, rate, perhaps a hold, issue. Each step is one
 * activity that may be repeated: a run that continues as new simply begins again and reads back what is already done.
 */
export async function closeCycle(input: CloseCycleInput): Promise<CloseCycleResult> {
  return new CloseCycle(input).run();
}

class CloseCycle {
  readonly #input: CloseCycleInput;
  readonly #cycle: CycleRef;
  readonly #pokes = new PokeCounter();
  #state: CloseCycleState;
  #windowIsClosed = false;
  /** Set while a decision is being recorded: a second one is refused. */
  #isDeciding = false;

  constructor(input: CloseCycleInput) {
    const { tenant, periodStart, periodEnd, revision } = input;
    this.#input = input;
    this.#cycle = { tenant, periodStart, revision };
    this.#state = {
      tenant,
      periodStart,
      periodEnd,
      revision,
      stage: 'closing',
      sealAt: instantOfMs(input.sealAtMs),
      steps: [],
      holdReasons: [],
      decision: null,
      waitingFor: null,
      invoiceId: null,
      invoiceNumber: null,
      total: null,
      refusedSignals: [],
    };
    this.#listen();
  }

  async run(): Promise<CloseCycleResult> {
    await this.#lateWindow();
    this.#enter('sealing');
    await this.#step(
      'seal',
      () => activities.sealPeriod(this.#cycle),
      ({ fence, gateVersion }) => {
        return `gate version ${gateVersion}, fence ${fence.epoch}-${fence.sequence}`;
      },
    );
    this.#enter('reconciling');
    await this.#step(
      'barrier',
      () => activities.passBarrier(this.#cycle),
      ({ position }) => `ledger at ${position}`,
    );
    await this.#step('reconcile', () => activities.reconcileUsage(this.#cycle), describeReconciliation);
    const decision = await this.#rateUntilDecided();
    if (decision !== 'rejected') await this.#issue();
    const { stage } = await this.#step(
      'finish',
      () => activities.finishCycle(this.#cycle),
      ({ stripe }) => `Stripe: ${stripe}`,
    );
    if (stage === 'settled') this.#enter('settled');
    await condition(allHandlersFinished);
    const { invoiceId, invoiceNumber: number } = this.#state;
    return { outcome: decision === 'rejected' ? 'rejected' : 'issued', invoiceId, number };
  }

  async #lateWindow(): Promise<void> {
    this.#show({ waitingFor: 'the end of the late window, or closeNow' });
    await waitUntil(this.#input.sealAtMs, () => this.#windowIsClosed, 'late window');
    this.#windowIsClosed = true;
    this.#show({ waitingFor: null });
  }

  /** Rates, and where a person must look first, waits for that person. `null`: there was nothing to decide. */
  async #rateUntilDecided(): Promise<Decision | null> {
    for (;;) {
      this.#enter('rating');
      const rated = await this.#step('rate', () => activities.rateCycle(this.#cycle), describeRating);
      const holdReasons = rated.status === 'rated' ? rated.holdReasons : rated.problems;
      this.#show({ holdReasons });
      if (rated.status === 'rated') {
        this.#show({ invoiceId: rated.invoiceId, total: rated.total, decision: rated.decision });
        if (holdReasons.length === 0) return null;
      }
      const decision = await this.#hold();
      // What could not be rated has no invoice to approve: the approval means that the cause was mended, so rate again.
      if (rated.status === 'rated' || decision === 'rejected') return decision;
      this.#show({ decision: null });
    }
  }

  async #hold(): Promise<Decision> {
    if (this.#state.decision === null) {
      this.#enter('held');
      this.#show({ waitingFor: 'approve or reject' });
      await condition(() => this.#state.decision !== null);
      this.#show({ waitingFor: null });
    }
    return this.#state.decision ?? 'rejected';
  }

  async #issue(): Promise<void> {
    this.#enter('issuing');
    const issued = await this.#step(
      'issue',
      () => activities.issueCycle(this.#cycle),
      ({ number, dueAt }) => `${number}, due ${shortInstant(dueAt)}`,
    );
    this.#show({ invoiceId: issued.invoiceId, invoiceNumber: issued.number });
    this.#enter('issued');
  }

  /**
   * Runs a step until it is done. What cannot be done yet, or failed beyond its own retries, is tried again with back-off:
   * a bill is never dropped, and what it waits for is in the state table.
   */
  async #step<Answer extends object>(
    step: CloseCycleStep,
    call: () => Promise<Answer>,
    describe: (answer: Done<Answer>) => string,
  ): Promise<Done<Answer>> {
    const begun: CycleStepState = { step, startedAt: instantOfMs(Date.now()), endedAt: null, result: '' };
    const earlier = this.#state.steps;
    const show = (change: Partial<CycleStepState>): void => {
      this.#show({ steps: [...earlier, { ...begun, ...change }] });
    };
    show({});
    for (let attempt = 0; ; attempt += 1) {
      const { done, reason } = await attemptStep(call);
      if (done !== undefined) {
        show({ endedAt: instantOfMs(Date.now()), result: describe(done) });
        this.#show({ waitingFor: null });
        return done;
      }
      show({ result: reason });
      this.#show({ waitingFor: reason });
      await this.#pokes.wait(backOffMs(attempt), `${step}: next attempt`);
      await this.#continueAsNewWhenLong();
    }
  }

  async #continueAsNewWhenLong(): Promise<void> {
    if (!isHistoryLong(this.#input.historyEventsMax)) return;
    await condition(allHandlersFinished);
    const sealAtMs = Math.min(this.#input.sealAtMs, Date.now());
    await continueAsNew<typeof closeCycle>({ ...this.#input, sealAtMs });
  }

  #listen(): void {
    const runsCommand = { description: 'Arguments: {"actor": "you", "reason": "why"}' };
    const decides = { ...runsCommand, validator: (_command: Command) => this.#checkDecidable() };
    setHandler(messages.closeCycleState, () => this.#state, { description: 'What the state table shows' });
    setHandler(messages.poke, () => this.#pokes.add(), { description: 'Look again at what this cycle waits for' });
    setHandler(messages.closeNow, () => this.#closeWindow(), {
      ...runsCommand,
      validator: (_command: Command) => this.#checkWindowIsOpen(),
    });
    setHandler(messages.closeNowSignal, () => this.#obey('closeNow', async () => this.#closeWindow()));
    setHandler(messages.approve, (command) => this.#decide('approved', command), decides);
    setHandler(messages.approveSignal, (command) => this.#obey('approve', () => this.#decide('approved', command)));
    setHandler(messages.reject, (command) => this.#decide('rejected', command), decides);
    setHandler(messages.rejectSignal, (command) => this.#obey('reject', () => this.#decide('rejected', command)));
  }

  #checkWindowIsOpen(): void {
    if (this.#windowIsClosed) throw refusal('the late window is already over');
  }

  #closeWindow(): CloseCycleState {
    this.#checkWindowIsOpen();
    this.#windowIsClosed = true;
    return this.#state;
  }

  #checkDecidable(): void {
    if (this.#state.stage !== 'rating') this.#checkHeld();
    if (this.#isDeciding || this.#state.decision !== null) throw refusal('it is already being decided');
  }

  #checkHeld(): void {
    if (this.#state.stage !== 'held') throw refusal(`nothing is held: the cycle is ${this.#state.stage}`);
  }

  /** The ledger says that a cycle is held a moment before its rating is reported here: who saw it there need not ask again. */
  async #awaitHold(): Promise<void> {
    if (this.#state.stage === 'rating') await condition(() => this.#state.stage !== 'rating', HOLD_WAIT_MS);
    this.#checkHeld();
  }

  async #decide(decision: Decision, { actor, reason }: Command = UI_COMMAND): Promise<CloseCycleState> {
    this.#checkDecidable();
    this.#isDeciding = true;
    try {
      await this.#awaitHold();
      const recorded = await activities.decideHold({ ...this.#cycle, decision, actor, reason: reason ?? '' });
      this.#show({ decision: recorded.decision });
      return this.#state;
    } catch (error) {
      throw refusal(failureText(error));
    } finally {
      this.#isDeciding = false;
    }
  }

  #obey(name: string, work: () => Promise<unknown>): Promise<void> {
    return obeySignal(work, (reason) =>
      this.#show({ refusedSignals: withRefusal(this.#state.refusedSignals, name, reason) }),
    );
  }

  #enter(stage: CycleStage): void {
    // The first stage was set as the workflow was started.
    upsertSearchAttributes([{ key: CYCLE_STAGE, value: stage }]);
    this.#show({ stage });
  }

  #show(change: Partial<CloseCycleState>): void {
    this.#state = { ...this.#state, ...change };
    setCurrentDetails(closeCycleDetails(this.#state));
  }
}

type Done<Answer> = Exclude<Answer, { readonly status: 'notYet' }>;

/** What a step answered, or why it must be tried again later. */
type Attempt<Answer> =
  { readonly done: Done<Answer>; readonly reason: '' } | { readonly done: undefined; readonly reason: string };

async function attemptStep<Answer extends object>(call: () => Promise<Answer>): Promise<Attempt<Answer>> {
  try {
    const answer: Answer = await call();
    const reason = reasonToWait(answer);
    return reason === undefined ? { done: answer as Done<Answer>, reason: '' } : { done: undefined, reason };
  } catch (error) {
    return { done: undefined, reason: `failed, to be tried again: ${failureText(error)}` };
  }
}

function reasonToWait(answer: { readonly status?: unknown; readonly reason?: unknown }): string | undefined {
  return answer.status === 'notYet' ? String(answer.reason) : undefined;
}

function describeReconciliation(answer: {
  compared: number;
  holdReasons: readonly string[];
  repairs: readonly string[];
}) {
  const found = [...answer.holdReasons, ...answer.repairs];
  return `${answer.compared} compared, ${found.length === 0 ? 'no drift' : found.join('; ')}`;
}

function describeRating(answer: Done<RateAnswer>): string {
  if (answer.status === 'unratable') return `cannot be rated: ${answer.problems.join('; ')}`;
  return `${answer.lineCount} lines, ${answer.total}`;
}
