import type { EventResult } from '../domain/outcome.ts';

/** What is known of a request that did not succeed. */
export interface FailureDetails {
  /** The HTTP status; 0 when there was no answer at all. */
  readonly status: number;
  /** A word for programs: the service's own, or `unreachable`, `timed_out`, `unreadable_answer` from this client. */
  readonly code: string;
  /** A sentence for people: what was wrong and how to mend it. */
  readonly message: string;
  /** The field at fault, when the service named one. */
  readonly path?: string | undefined;
  /** How long the service asked to wait before the next try. */
  readonly retryAfterMs?: number | undefined;
}

/** Every failure of a request to Tollkeeper: refused by the service, or no readable answer. */
export class TollkeeperError extends Error {
  override readonly name = 'TollkeeperError';
  readonly status: number;
  readonly code: string;
  readonly path: string | undefined;
  readonly retryAfterMs: number | undefined;
  /**
   * Of `sendEvents`: what was answered before the failure, one entry per event in order, `undefined` where the fate of the event is
   * not known. Sending the same events with the same ids again is safe.
   */
  readonly results: readonly (EventResult | undefined)[] | undefined;

  constructor(details: FailureDetails, results?: readonly (EventResult | undefined)[], cause?: unknown) {
    super(details.message, cause === undefined ? undefined : { cause });
    this.status = details.status;
    this.code = details.code;
    this.path = details.path;
    this.retryAfterMs = details.retryAfterMs;
    this.results = results;
  }

  /** The same failure with what was answered before it. */
  withResults(results: readonly (EventResult | undefined)[]): TollkeeperError {
    return new TollkeeperError(this, results, this.cause);
  }
}

/** Statuses after which the same request may succeed: nobody answered, too many requests, or a dependency is down. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([0, 408, 429, 502, 503, 504]);

/** Whether trying the same request again makes sense. */
export function isPassing(error: TollkeeperError): boolean {
  return PASSING_STATUSES.has(error.status);
}
