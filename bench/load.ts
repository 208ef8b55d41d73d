import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { RequestPlan } from './requests.ts';

/**
 * When requests are sent: `free`, as soon as a connection has its answer; `window`, likewise, but with no more events on the way to
 * the ledger than this, which finds the speed that can be kept up; `rate`, at fixed moments whatever the answers do.
 */
export type Pace =
  | { readonly kind: 'free' }
  | { readonly kind: 'window'; readonly events: number }
  | { readonly kind: 'rate'; readonly requestsPerSecond: number };

/** One load. */
export interface LoadJob {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** Ends the load earlier; by default only time does. */
  readonly requestsMax?: number;
  readonly requests: RequestPlan;
  readonly pace: Pace;
}

/** What a load was answered. */
export interface LoadResult {
  readonly requests: number;
  /** Answers that were not 200, or in which not everything was accepted. */
  readonly failed: number;
  readonly firstFailure: string | null;
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** At a fixed rate from the moment a request was due, else from when it was sent. */
  readonly latencyMicros: { readonly p50: number; readonly p99: number; readonly p999: number; readonly max: number };
}

/** What the generator is told. */
export type ToGenerator =
  { readonly kind: 'start'; readonly job: LoadJob } | { readonly kind: 'committed'; readonly events: number };

/** The generator's process. One load at a time. */
export class LoadGenerator {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(fileURLToPath(new URL('./generator.ts', import.meta.url)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * Runs a load to its end.
   *
   * @throws Error when anything was not answered as wanted: such a figure would be worth nothing
   */
  async run(job: LoadJob): Promise<LoadResult> {
    const result = await new Promise<LoadResult>((resolve, reject) => {
      const onExit = (): void => reject(new Error('the load generator ended before its load'));
      this.#child.once('exit', onExit);
      this.#child.once('message', (message) => {
        this.#child.off('exit', onExit);
        resolve(message as LoadResult);
      });
      this.#tell({ kind: 'start', job });
    });
    if (result.failed > 0) {
      throw new Error(`${result.failed} of ${result.requests} requests failed, the first with ${result.firstFailure}`);
    }
    return result;
  }

  /** For loads with a window: so many of its events are in the ledger. */
  committed(events: number): void {
    this.#tell({ kind: 'committed', events });
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  #tell(message: ToGenerator): void {
    if (this.#child.connected) this.#child.send(message);
  }
}
