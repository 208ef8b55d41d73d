import type { JsonValue } from '../domain/event.ts';
import type { EpochMicros, InstantText } from '../domain/instant.ts';
import type { CountedDimension } from '../domain/limits.ts';

/**
 * What the meter needs of PostgreSQL and of draining. The meter knows only Redis, so whoever builds it (the API, the worker)
 * hands this in. Every function may reject when PostgreSQL is down; ingest then answers 503.
 */
export interface MeterLedger {
  /** Where the ledger stands in a shard's journal; epoch 0 and sequence 0 when it never drained anything. */
  readPosition(shard: number): Promise<ShardPosition>;
  /** Drains what the shard's journal holds now, until nothing is left (bounded by the caller's own time-outs). */
  drainShard(shard: number): Promise<void>;
  /**
   * Gives a Redis incarnation its epoch, under the position row's lock. When the row's epoch is above `afterEpoch` (another
   * process was faster, perhaps for another incarnation), it changes nothing. Otherwise epoch = `afterEpoch` + 1. Answers the
   * row as it is then; Redis counts from its sequence. With it the catalogue version that holds, read under the same lock: a
   * restored ledger may have an older one than Redis remembers.
   */
  beginEpoch(
    shard: number,
    next: { readonly afterEpoch: number; readonly incarnation: Incarnation },
  ): Promise<ShardPosition & { readonly catalogueVersion?: number }>;
  /** The highest sequence of that epoch which the ledger has drained; 0 when none. */
  lastDrained(shard: number, epoch: number): Promise<number>;
  /** Writes a row of `incident`. */
  recordIncident(incident: MeterIncident): Promise<void>;
  /** What a rebuild installs, in one consistent read; `undefined`: there is no such tenant. */
  readTenantState(tenant: string): Promise<TenantState | undefined>;
}

/** One run of one Redis server: both change when it may have lost or gone back in its data. */
export interface Incarnation {
  readonly runId: string;
  readonly replicationId: string;
}

/** Where the ledger stands, and whose journal it read. */
export interface ShardPosition {
  readonly epoch: number;
  readonly sequence: number;
  readonly incarnation: Incarnation;
}

/** What the meter found that a person has to look at. */
export interface MeterIncident {
  readonly kind: string;
  readonly tenant: string | null;
  readonly shard: number | null;
  readonly details: Readonly<Record<string, string | number>>;
}

/** The gate and counters of one tenant as the ledger has them. */
export interface TenantState {
  readonly gate: { readonly version: number; readonly sealedThroughMicros: EpochMicros };
  /** One entry per accounting period that has usage and no issued invoice yet. */
  readonly periods: readonly {
    readonly accountingStart: InstantText;
    readonly counters: readonly TenantCounter[];
  }[];
  /** The dimensions by whose values counters are among them; none where it is left out. */
  readonly countedDimensions?: readonly CountedDimension[];
}

/** The usage of one meter of one usage period within an accounting period. */
export interface TenantCounter {
  readonly meter: string;
  readonly usageStart: InstantText;
  readonly aggregation: 'count' | 'sum' | 'max' | 'latest' | 'unique';
  /** The scaled integer as text: total for count and sum, else the maximum or latest value. `"0"` for unique. */
  readonly scaledValue: string;
  readonly eventCount: string;
  /** For `latest` only: when the value is from. */
  readonly lastAtMicros?: EpochMicros;
  readonly lastSequence?: string;
  /** For a counter beside the meter's own: usage of its own period with this value of a dimension. */
  readonly dimension?: { readonly name: string; readonly value: JsonValue };
}
