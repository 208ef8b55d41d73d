import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { EpochMicros } from '../domain/instant.ts';
import type { JournalPosition } from '../ledger/journal-position.ts';
import type { RefusedDuplicate } from '../ledger/refused-duplicates.ts';

/** Through where a shard was trimmed. */
export interface TrimmedPosition extends JournalPosition {
  /** From here on nothing was cut from the stream: what lies below may be gone. */
  readonly keptFrom: JournalPosition;
}

/** What the drain needs of the meter: cutting the stream, and taking back what the ledger refused. The meter owns the keys. */
export interface JournalTrim {
  /** Through where the ledger has confirmed the shard, refused duplicates included, and from where its stream is kept. */
  readTrimmed(shard: number): Promise<TrimmedPosition>;
  /**
   * Ledger and Redis turned out not to belong together: nothing more is taken before the shard has a new epoch, whose counters
   * come from the ledger. Repeatable.
   *
   * @param options whether the ledger will never have some of what Redis took: then its ids must be free again
   */
  closeShard(shard: number, options?: { readonly isUsageMissing: boolean }): Promise<void>;
  /**
   * Cuts the stream up to `position` as far as pins and retention allow, and takes the refused duplicates (all between the
   * trimmed-through position and `position`) from the additive counters, once: a repeat with an older position changes nothing.
   */
  trim(shard: number, position: JournalPosition, refused: readonly RefusedDuplicate[]): Promise<void>;
}

/** Told what draining does, for whoever counts it. */
export interface DrainObserver {
  /** One transaction was committed: so many new events, refused duplicates and dead letters. */
  readonly batchWritten: (written: {
    readonly rows: number;
    readonly refused: number;
    readonly setAside: number;
  }) => void;
  /** A transaction is repeated because the database asked for it: a deadlock or a serialization failure. */
  readonly conflictRetried: () => void;
}

/** What draining one shard needs. Binary digests make the buffer form of the reply necessary. */
export interface DrainContext {
  readonly redis: Pick<Redis, 'xrangeBuffer'>;
  readonly pool: pg.Pool;
  readonly shard: number;
  /** The key of the shard's stream, as the meter names it. */
  readonly journalKey: string;
  readonly trim: JournalTrim;
  readonly clock: () => EpochMicros;
  /** None: nobody wants to know. */
  readonly observer?: DrainObserver | undefined;
}

/** What one call of `drainOnce` did. */
export interface DrainResult {
  /** Accepted events that were taken from the journal. */
  readonly drained: number;
  /** Events that were new to the ledger. */
  readonly rows: number;
  /** Events whose id the ledger already had. */
  readonly refused: number;
  /** Dead letters that were written. */
  readonly setAside: number;
  /** Where the ledger stands now. */
  readonly position: JournalPosition;
  /** Whether more may be waiting: call again at once. */
  readonly backlog: boolean;
}

/**
 * Bound of one batch. What a batch costs by itself is a tenth of what it costs in PostgreSQL at 5,000 events; twice as many again would
 * save half a microsecond an event more, and hold the position's lock and the memory of the worker twice as long.
 */
export const BATCH_EVENTS_MAX = 10_000;
