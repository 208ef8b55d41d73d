import type { JsonObject } from '../domain/event.ts';
import type { InstantText } from '../domain/instant.ts';
import type { EventResult, LimitState, Outcome } from '../domain/outcome.ts';

/** What `POST /v1/reservations` holds. */
export interface ReservationInput {
  /** Yours, unique among the tenant's reservations: the same again with the same content is answered the same. */
  readonly id: string;
  readonly tenant: string;
  /** One that counts its events or sums up their quantity. */
  readonly meter: string;
  /** Whole units, a plain decimal; 1 when absent. */
  readonly quantity?: string | number | undefined;
  /** From 1 to 86,400: when it gives itself back. */
  readonly ttlSeconds: number;
  /** What the event will have, as far as it is known. */
  readonly properties?: Readonly<Record<string, string | number | boolean | null>> | undefined;
}

/** What every answer says of a reservation. */
export interface ReservationBase {
  /** The text by which it is shown, committed and released. */
  readonly reservation: string;
  readonly id: string;
  readonly tenant: string;
  readonly meter: string;
  readonly quantity: string;
  /** Further words may come. */
  readonly state: 'held' | 'committed' | 'released' | 'expired';
  readonly reservedAt: InstantText;
  readonly expiresAt: InstantText;
}

/**
 * The answer of `POST /v1/reservations`. One that is not allowed has taken nothing; `released` and `expired`: what was held under this id
 * was given back, so reserve under a new one.
 */
export type ReservationAnswer =
  | (ReservationBase & { readonly allowed: true; readonly limits: readonly LimitState[] })
  | {
      readonly allowed: false;
      readonly reason: Outcome | 'released' | 'expired';
      readonly limits: readonly LimitState[];
    };

/** A reservation that is shown or released. */
export interface ReservationView extends ReservationBase {
  /** `null`: nothing was committed. */
  readonly committedQuantity: string | null;
}

/** What the work came to. */
export interface CommitInput {
  /** What was reserved, when absent. */
  readonly quantity?: string | number | undefined;
  /** RFC 3339; the time of the reservation, when absent. */
  readonly occurredAt?: InstantText | undefined;
  /** Added to those of the reservation, none of which may change. */
  readonly properties?: JsonObject | undefined;
}

/** What became of a commit. */
export interface CommitView {
  readonly result: EventResult;
  /** What the reservation was before; `null`: it was not known any more, and nothing was held for it. */
  readonly was: ReservationBase['state'] | null;
}
