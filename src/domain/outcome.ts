import type { JsonValue } from './event.ts';
import type { LimitWindow } from './plan.ts';

/** What ingest says of one event. Clients must tolerate words they do not know: new ones may be added. */
export type Outcome =
  | 'accepted'
  | 'unmetered'
  | 'duplicate'
  | 'conflict'
  | 'limit_exceeded'
  | 'too_late'
  | 'too_early'
  | 'tenant_closed'
  | 'invalid'
  | 'unknown_tenant'
  | 'unknown_type';

/** Outcomes after which the event is (or already was) in the books: a client need not send it again. */
export function isTaken(outcome: Outcome): boolean {
  return outcome === 'accepted' || outcome === 'unmetered' || outcome === 'duplicate';
}

/** The state of one limit after an event was judged. Quantities are decimal strings of whole units. */
export interface LimitState {
  readonly meter: string;
  /** `period` is the billing period; the short windows follow arrival time. */
  readonly window: LimitWindow;
  /** For a limit on each value of a dimension: which dimension, and this event's value of it (`null`: the event has none). */
  readonly dimension?: string;
  readonly value?: JsonValue;
  readonly used: string;
  /** What open reservations hold of it; absent: nothing. */
  readonly held?: string;
  readonly limit: string;
  readonly remaining: string;
  /** There, and true, where more is used than the limit: a soft one was passed, or a plan with a smaller one came. */
  readonly exceeded?: true;
  /** When the window ends, RFC 3339. */
  readonly resetsAt: string;
}

/** One entry of the answer of `POST /v1/events`, in the order of the request. */
export interface EventResult {
  /** The id as sent; the derived id when none was sent; `null` when it was no string or the event was refused without one. */
  readonly id: string | null;
  readonly outcome: Outcome;
  /** A sentence for people: what was wrong and how to mend it. */
  readonly reason?: string;
  /** For `invalid`: the field at fault in the event as it was sent (`properties.tags[1]`). */
  readonly path?: string;
  readonly limits?: readonly LimitState[];
  /** Only where it was asked for: what an accepted event costs; `null`: that is not known, and `costReason` says why. */
  readonly cost?: UsageCost | null;
  readonly costReason?: string;
}

/** What usage costs on top of what was used before it, by the charges of the plan. */
export interface UsageCost {
  /** Exact, in major units: a plain decimal, or `numerator/denominator` where no decimal is exact. */
  readonly amount: string;
  readonly currency: string;
}
