import { ActivityFailure, ApplicationFailure, condition, isCancellation, workflowInfo } from '@temporalio/workflow';

/** A run this long continues as new: at 500 events a replay costs about 0.1 s, at 4,000 over a second. */
const HISTORY_EVENTS_MAX = 500;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;
const DOUBLINGS_MAX = 16;

/** How long to wait before the next attempt: one second, doubling, at most five minutes. */
export function backOffMs(attempt: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempt, DOUBLINGS_MAX), LONGEST_WAIT_MS);
}

/** `condition` with a time-out of 0 writes a marker into the history; a past instant waits 1 ms instead. */
export async function waitUntil(instantMs: number, isReady: () => boolean, summary: string): Promise<void> {
  await condition(isReady, Math.max(1, instantMs - Date.now()), { summary });
}

/** Counts pokes, so that a wait can tell a new one from those it has seen. */
export class PokeCounter {
  #count = 0;

  add(): void {
    this.#count += 1;
  }

  /** Answers a function that tells whether there was a poke after this call. */
  watch(): () => boolean {
    const seen = this.#count;
    return () => this.#count !== seen;
  }

  /** Waits for a poke that comes after this call, or for the time. */
  async wait(waitMs: number, summary: string): Promise<void> {
    await waitUntil(Date.now() + waitMs, this.watch(), summary);
  }
}

/** Whether it is time to continue as new. */
export function isHistoryLong(historyEventsMax: number | undefined): boolean {
  const info = workflowInfo();
  return info.continueAsNewSuggested || info.historyLength >= (historyEventsMax ?? HISTORY_EVENTS_MAX);
}

/**
 * The sentence of an activity that failed for good after its own retries. Anything else is rethrown: a cancellation must end the
 * workflow, and a programming error must stop it at its task.
 */
export function failureText(error: unknown): string {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  return cause instanceof ApplicationFailure ? cause.message : (cause?.message ?? error.message);
}
