import { isPassing, TollkeeperError } from './tollkeeper-error.ts';

/** How patient a request is, and where its time and chance come from (tests put in their own). */
export interface BackOff {
  /** How often a request is sent at most, the first time included. */
  readonly attemptsMax: number;
  /** Upper bound of the first wait; it doubles from try to try. */
  readonly firstWaitMs: number;
  readonly waitMsMax: number;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly sleep: (waitMs: number) => Promise<void>;
  /** Told before each wait. */
  readonly onRetry: (error: TollkeeperError, attempt: number, waitMs: number) => void;
}

/** The service may ask for a longer wait than the back-off would take, but not for any. */
const RETRY_AFTER_MS_MAX = 60_000;

/**
 * How long to wait after a failed try: at least what the service asked for (bounded), plus full jitter, so that many clients that
 * failed together do not come back together.
 * @param attempt number of the try that failed, from 1
 */
function waitAfter(backOff: BackOff, attempt: number, error: TollkeeperError): number {
  const bound = Math.min(backOff.waitMsMax, backOff.firstWaitMs * 2 ** (attempt - 1));
  const asked = Math.min(error.retryAfterMs ?? 0, RETRY_AFTER_MS_MAX);
  return asked + Math.ceil(backOff.random() * bound);
}

/**
 * Runs a request until it succeeds, fails for good, or has been tried `attemptsMax` times.
 * @throws TollkeeperError of the last try
 */
export async function withRetries<T>(backOff: BackOff, request: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof TollkeeperError) || !isPassing(error) || attempt >= backOff.attemptsMax) throw error;
      const waitMs = waitAfter(backOff, attempt, error);
      backOff.onRetry(error, attempt, waitMs);
      await backOff.sleep(waitMs);
    }
  }
}
