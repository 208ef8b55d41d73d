import type { LimitState, Outcome, UsageCost } from '../domain/outcome.ts';

/** What `POST /v1/check` asks: may the tenant use so much more of each of these meters now? */
export interface CheckInput {
  readonly tenant: string;
  /** One meter or several. */
  readonly meter: string | readonly string[];
  /** Whole units, a plain decimal; 1 when absent. */
  readonly quantity?: string | number | undefined;
  /** What an event would have: limits on each value of a dimension ask for it. */
  readonly properties?: Readonly<Record<string, string | number | boolean | null>> | undefined;
  /** Whether the answer shall say what the usage would cost. */
  readonly cost?: boolean | undefined;
}

/** The answer of `POST /v1/check`. True of that moment only: other senders may be faster. */
export interface CheckView {
  readonly allowed: boolean;
  /** The outcome an event would have; absent when it is allowed. */
  readonly reason?: Outcome;
  /** The limits on these meters as they stand. A meter without a limit has no entry. */
  readonly limits: readonly LimitState[];
  /** Only where it was asked for: what the usage of all of these meters would cost; `null`: `costReason` says why it is not known. */
  readonly cost?: UsageCost | null;
  readonly costReason?: string;
}
