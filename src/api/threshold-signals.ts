import type { InstantText } from '../domain/instant.ts';

/** What the signals work with. */
export interface ThresholdSignalsOptions {
  /** Signals the tenant's billing. Rejects when it could not be reached. */
  readonly send: (tenant: string, periodStart: InstantText) => Promise<void>;
  /** Told of each signal; what is lost is found by the checkpoint. */
  readonly onResult: (result: 'sent' | 'lost', tenant: string, error?: unknown) => void;
}

const SENDING_MAX = 20;
/** Signals that wait while Temporal is slow; past them they are lost, and found by the checkpoint. */
const WAITING_MAX = 10_000;

interface Crossing {
  readonly tenant: string;
  readonly periodStart: InstantText;
}

/**
 * Tells tenants' billing that thresholds were reached, best effort and without anybody waiting for it. Of one tenant and period
 * one signal is under way at a time, and all crossings meanwhile are one more: whoever gets it reads the usage as it is then.
 */
export class ThresholdSignals {
  readonly #options: ThresholdSignalsOptions;
  readonly #waiting = new Map<string, Crossing>();
  readonly #sending = new Set<string>();

  constructor(options: ThresholdSignalsOptions) {
    this.#options = options;
  }

  /** Takes a crossing. Never throws. */
  tell(tenant: string, periodStart: InstantText): void {
    const name = `${tenant}/${periodStart}`;
    if (this.#waiting.has(name)) return;
    if (this.#waiting.size >= WAITING_MAX) {
      this.#options.onResult('lost', tenant, new Error(`${WAITING_MAX} signals wait already`));
      return;
    }
    this.#waiting.set(name, { tenant, periodStart });
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    for (const [name, crossing] of this.#waiting) {
      if (this.#sending.size >= SENDING_MAX) return;
      if (this.#sending.has(name)) continue;
      this.#waiting.delete(name);
      this.#sending.add(name);
      void this.#send(crossing).finally(() => {
        this.#sending.delete(name);
        this.#sendWaiting();
      });
    }
  }

  async #send({ tenant, periodStart }: Crossing): Promise<void> {
    const { send, onResult } = this.#options;
    try {
      await send(tenant, periodStart);
      onResult('sent', tenant);
    } catch (error) {
      onResult('lost', tenant, error);
    }
  }
}
