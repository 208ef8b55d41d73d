import type { InstantText } from '../domain/instant.ts';

/** What came of one attempt: `failed` ones are repeated, `lost` ones are given up and made up for by the checkpoint. */
export type SignalResult = 'sent' | 'failed' | 'lost';

/** What the signals work with. */
export interface ThresholdSignalsOptions {
  /** Signals the tenant's billing. Rejects when it could not be reached. */
  readonly send: (tenant: string, periodStart: InstantText) => Promise<void>;
  /** Told of each attempt. */
  readonly onResult: (result: SignalResult, tenant: string, error?: unknown) => void;
}

const SENDING_MAX = 20;
/** Signals that wait while Temporal is slow or away; past them they are lost. */
const WAITING_MAX = 10_000;
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;
/** About an hour. */
const ATTEMPTS_MAX = 60;

interface Crossing {
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly failedAttempts: number;
}

/**
 * Tells tenants' billing that thresholds were reached, best effort and without anybody waiting for it. Of one tenant and period
 * one signal is under way at a time, and all crossings meanwhile are one more: whoever gets it reads the usage as it is then.
 */
export class ThresholdSignals {
  readonly #options: ThresholdSignalsOptions;
  readonly #waiting = new Map<string, Crossing>();
  readonly #sending = new Set<string>();
  /** Those whose last attempt failed, until they are tried again. */
  readonly #resting = new Set<string>();

  constructor(options: ThresholdSignalsOptions) {
    this.#options = options;
  }

  /** Takes a crossing. Never throws. */
  tell(tenant: string, periodStart: InstantText): void {
    this.#take({ tenant, periodStart, failedAttempts: 0 });
  }

  #take(crossing: Crossing): void {
    const name = `${crossing.tenant}/${crossing.periodStart}`;
    if (this.#waiting.has(name) || this.#resting.has(name)) return;
    if (this.#waiting.size + this.#resting.size >= WAITING_MAX) {
      this.#options.onResult('lost', crossing.tenant, new Error(`${WAITING_MAX} signals wait already`));
      return;
    }
    this.#waiting.set(name, crossing);
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    for (const [name, crossing] of this.#waiting) {
      if (this.#sending.size >= SENDING_MAX) return;
      if (this.#sending.has(name)) continue;
      this.#waiting.delete(name);
      this.#sending.add(name);
      void this.#send(name, crossing).finally(() => {
        this.#sending.delete(name);
        this.#sendWaiting();
      });
    }
  }

  async #send(name: string, crossing: Crossing): Promise<void> {
    const { send, onResult } = this.#options;
    const { tenant, periodStart } = crossing;
    try {
      await send(tenant, periodStart);
      onResult('sent', tenant);
    } catch (error) {
      const failedAttempts = crossing.failedAttempts + 1;
      onResult(failedAttempts < ATTEMPTS_MAX ? 'failed' : 'lost', tenant, error);
      if (failedAttempts < ATTEMPTS_MAX) this.#rest(name, { ...crossing, failedAttempts });
    }
  }

  #rest(name: string, crossing: Crossing): void {
    // A crossing that came meanwhile goes first, and says the same.
    if (this.#waiting.has(name)) return;
    this.#resting.add(name);
    setTimeout(
      () => {
        this.#resting.delete(name);
        this.#take(crossing);
      },
      Math.min(FIRST_REST_MS * 2 ** (crossing.failedAttempts - 1), LONGEST_REST_MS),
    ).unref();
  }
}
