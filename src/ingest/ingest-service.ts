import type { AuthenticatedKey } from '../catalog/api-keys.ts';
import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { UsageMeter } from '../meter/usage-meter.ts';
import type { PeriodFinder } from './period-finder.ts';
import type { RefusalCounts } from './refusal-counts.ts';
import type { ShardFinder } from './shard-finder.ts';
import type { ShardQueue } from './shard-queue.ts';
import type { PriceUsage } from './usage-cost.ts';
import type { OnThreshold, ThresholdWalk } from './threshold-walk.ts';

/** An event of which the ledger is asked whether it has its id already. */
export interface LedgerQuestion {
  readonly tenant: string;
  readonly occurredAtMicros: EpochMicros;
  /** 16 bytes. */
  readonly idDigest: Buffer;
}

/** What ingest works with. Everything that another station owns comes in as the functions ingest needs of it. */
export interface IngestDeps {
  readonly meter: UsageMeter;
  /** The process's copy of the catalogue. */
  readonly catalogue: {
    current(): CatalogueSnapshot;
    reload(): Promise<CatalogueSnapshot>;
  };
  /** The process's cache of API keys. Rejects when the database does not answer. */
  readonly keys: { authenticate(secret: string): Promise<AuthenticatedKey | undefined> };
  readonly clock: () => EpochMicros;
  /**
   * The content digests (16 bytes) of events that the ledger has, in the order of the questions; `undefined` where it has none.
   * Asked for keys that may backfill, whose events may be older than what Redis remembers.
   */
  readonly knownIds: (questions: readonly LedgerQuestion[]) => Promise<readonly (Buffer | undefined)[]>;
  /** Makes the periods and partitions of a tenant through an instant, when ingest finds them missing. */
  readonly extendPeriods: (tenant: string, throughMicros: EpochMicros) => Promise<void>;
  /** Told when a tenant has usage that no checkpoint has seen. Best effort: errors are its own to report. */
  readonly onNewUsage: (tenant: string) => void;
  readonly onThreshold: OnThreshold;
  /** What events cost, for those who ask. Left out: nobody is told. */
  readonly priceUsage?: PriceUsage;
  /** What becomes of events whose type no meter takes. Left out: they are refused. */
  readonly unknownTypes?: 'refuse' | 'keep';
}

/** The station: its dependencies, and what it remembers between requests. */
export interface IngestService extends IngestDeps {
  readonly periods: PeriodFinder;
  readonly shards: ShardFinder;
  /** By which events of all requests go to Redis, one for each shard. */
  readonly queues: { of(shard: number): ShardQueue };
  /** What was refused and waits to be stored; whoever makes the station takes care of that. */
  readonly refusals: RefusalCounts;
  readonly thresholds: ThresholdWalk;
}
