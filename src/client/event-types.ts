import type { JsonObject } from '../domain/event.ts';
import type { InstantText } from '../domain/instant.ts';
import type { EventResult } from '../domain/outcome.ts';
import type { PageQuery } from './page-types.ts';

/** The answer of `POST /v1/events`. */
export interface EventsAnswer {
  readonly results: readonly EventResult[];
}

/** Which events of the ledger. */
export interface EventsQuery extends PageQuery {
  readonly tenant?: string | undefined;
  readonly type?: string | undefined;
  readonly from?: InstantText | undefined;
  readonly to?: InstantText | undefined;
  readonly meter?: string | undefined;
  readonly accountingPeriod?: InstantText | undefined;
  readonly usagePeriod?: InstantText | undefined;
}

/** An event of the ledger. */
export interface LedgerEventView {
  readonly id: string;
  readonly tenant: string;
  readonly type: string;
  readonly occurredAt: InstantText;
  readonly quantity: string;
  readonly properties: JsonObject | null;
  /** The period its time falls into, and the one whose invoice bills it. */
  readonly usagePeriod: InstantText;
  readonly accountingPeriod: InstantText;
  /** `<epoch>-<sequence>` in its shard's journal. */
  readonly position: string;
}

/** Which dead letters: by default those that are open. */
export interface DeadLettersQuery extends PageQuery {
  readonly tenant?: string | undefined;
  readonly state?: 'open' | 'all' | undefined;
}

/** Usage that was accepted and could not be written to the ledger, and what became of it. */
export interface DeadLetterView {
  readonly id: string;
  /** `null`: not even that could be read. */
  readonly tenant: string | null;
  readonly shard: number;
  /** `<epoch>-<sequence>`, both inclusive. */
  readonly firstPosition: string;
  readonly lastPosition: string;
  readonly reason: string;
  readonly at: InstantText;
  /** `duplicate`: it was read again, and the ledger had its events already. */
  readonly resolution: 'replayed' | 'duplicate' | 'discarded' | null;
  readonly resolvedAt: InstantText | null;
  readonly resolvedBy: string | null;
  readonly resolvedReason: string | null;
}

/** A dead letter that was settled just now; the counts are those of a replay. */
export interface SettledLetterView extends DeadLetterView {
  readonly newEvents?: number;
  readonly knownEvents?: number;
}
