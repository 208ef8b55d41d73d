import type pg from 'pg';
import type { Logger } from 'pino';

import type { CatalogueCache } from '../catalog/catalogue-cache.ts';
import type { KeyCache } from '../catalog/key-cache.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { BillingControl } from './billing-control.ts';
import type { checkLimits, CheckQuestion } from '../ingest/check-limits.ts';
import type { Commitment } from '../ingest/reservation.ts';
import type {
  commitReservation,
  readReservation,
  releaseReservation,
  ReservationQuestion,
} from '../ingest/settle-reservation.ts';
import type { ReservationRequest, takeReservation } from '../ingest/take-reservation.ts';
import type { IngestAnswer, IngestRequest } from '../ingest/take-events.ts';
import type { Scrape } from '../metrics/scrape.ts';
import type { JournalState } from '../meter/read-journal-state.ts';
import type { UsageMeter } from '../meter/usage-meter.ts';
import type { LiveCounters } from './live-counters.ts';

/** One store or server the API needs, and how to ask whether it answers. */
export interface Dependency {
  readonly name: 'postgresql' | 'redis' | 'temporal';
  /** Whether requests that count and read usage fail without it. */
  readonly isVital: boolean;
  readonly check: () => Promise<void>;
}

/** Functions of src/ingest without the station they work with. */
export interface ReservationStation {
  readonly take: (request: ReservationRequest) => ReturnType<typeof takeReservation>;
  readonly commit: (commit: ReservationQuestion & Commitment) => ReturnType<typeof commitReservation>;
  readonly release: (question: ReservationQuestion) => ReturnType<typeof releaseReservation>;
  readonly read: (question: ReservationQuestion) => ReturnType<typeof readReservation>;
}

/** Everything the routes work with, put together by `main.ts` and by tests. */
export interface ApiDeps {
  readonly pool: pg.Pool;
  readonly catalogue: CatalogueCache;
  readonly keys: KeyCache;
  /** Events in: `takeEvents` of src/ingest. It asks for the key itself, before it reads the body. */
  readonly takeEvents: (request: IngestRequest) => Promise<IngestAnswer>;
  /** Whether usage would be accepted now: `checkLimits` of src/ingest. */
  readonly checkLimits: (question: CheckQuestion) => ReturnType<typeof checkLimits>;
  /** Units held before the work: the functions of src/ingest. */
  readonly reservations: ReservationStation;
  /** Stores what this process has refused so far, so that it can be read. */
  readonly flushRefusals: () => Promise<void>;
  readonly counters: LiveCounters;
  /** Looks now how much memory Redis uses; `meter.memory` has it then. Rejects when Redis does not answer. */
  readonly watchedMemory: () => Promise<void>;
  /** What audits read. Requests go through the functions beside it. */
  readonly meter: UsageMeter;
  readonly billing: BillingControl;
  /** Tells Redis that there is a newer catalogue, so that groups of an older one are refused from here on. */
  readonly announceCatalogue: (version: number) => Promise<void>;
  readonly dependencies: readonly Dependency[];
  readonly clock: () => EpochMicros;
  readonly log: Logger;
  readonly mode: 'test' | 'live';
  readonly profile: 'durable' | 'fast';
  readonly dedupWindowSeconds: number;
  /** How far the journal of each shard is ahead of the ledger. Rejects when Redis does not answer. */
  readonly readJournals: () => Promise<readonly JournalState[]>;
  /** What Prometheus reads. It answers also while stores are away. */
  readonly scrapeMetrics: () => Promise<Scrape>;
  /** Printed beside workflow ids; `null`: nobody said where the Temporal UI is. */
  readonly temporalUiUrl: string | null;
  readonly temporalNamespace: string;
}
