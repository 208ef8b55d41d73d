import { Redis } from 'ioredis';
import type pg from 'pg';

import { MICROS_PER_SECOND, requireInstant, type EpochMicros, type InstantText } from '../../src/domain/instant.ts';
import type { DrainContext, JournalTrim, TrimmedPosition } from '../../src/journal/drain-context.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { JOURNAL_START, type JournalPosition } from '../../src/ledger/journal-position.ts';
import type { RefusedDuplicate } from '../../src/ledger/refused-duplicates.ts';
import { appendJournalEntry, type JournalEvent, type JournalMeter } from './journal-entry.ts';
import { createTestDatabase } from './test-database.ts';
import { createTestRedis } from './test-redis.ts';

export const JOURNAL_KEY = 'tk:{s00}:journal';

/** A trim that cuts the real stream and remembers what it was told to take back. */
export class RecordingTrim implements JournalTrim {
  readonly #redis: Redis;
  trimmed: JournalPosition = { epoch: JOURNAL_START.epoch, sequence: JOURNAL_START.sequence };
  readonly refused: RefusedDuplicate[] = [];
  /** From where the stream is said to be kept. */
  keptFrom: JournalPosition = { epoch: 0, sequence: 0 };
  closings = 0;
  failure: Error | undefined;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async readTrimmed(): Promise<TrimmedPosition> {
    return Promise.resolve({ ...this.trimmed, keptFrom: this.keptFrom });
  }

  async closeShard(): Promise<void> {
    this.closings += 1;
    return Promise.resolve();
  }

  async trim(_shard: number, position: JournalPosition, refused: readonly RefusedDuplicate[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    await this.#redis.xtrim(JOURNAL_KEY, 'MINID', `${position.epoch}-${position.sequence + 1}`);
    this.trimmed = position;
    this.refused.push(...refused);
  }
}

/** The real PostgreSQL and Redis with one shard's journal, for one test. */
export interface DrainStack extends DrainContext {
  readonly databaseUrl: string;
  readonly redis: Redis;
  readonly trim: RecordingTrim;
  /** Appends one entry behind what was appended before in the same epoch. */
  append(events: readonly JournalEvent[], epoch?: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts a stack whose clock stands at one second past the given instant and moves a second per reading. */
export async function createDrainStack(now: InstantText = '2023-11-16T12:00:00Z'): Promise<DrainStack> {
  const database = await createTestDatabase();
  const testRedis = await createTestRedis();
  const redis = new Redis(testRedis.redisUrl);
  const pool = openDatabase({ databaseUrl: database.databaseUrl, applicationName: 'test', poolSizeMax: 8 });
  const lastSequences = new Map<number, number>();
  let micros: EpochMicros = requireInstant(now);
  return {
    redis,
    pool,
    shard: 0,
    journalKey: JOURNAL_KEY,
    trim: new RecordingTrim(redis),
    clock: () => (micros += MICROS_PER_SECOND),
    databaseUrl: database.databaseUrl,
    append: async (events, epoch = 1) => {
      const firstSequence = (lastSequences.get(epoch) ?? 0) + 1;
      lastSequences.set(epoch, await appendJournalEntry(redis, JOURNAL_KEY, { epoch, firstSequence, events }));
    },
    close: async () => {
      redis.disconnect();
      await pool.end();
      await testRedis.drop();
      await database.drop();
    },
  };
}

/** Gives the catalogue the first version of these meters. */
export async function addMeters(pool: pg.Pool, meters: readonly JournalMeter[]): Promise<void> {
  await pool.query(
    `
insert into meter (key, version, definition)
select key, 1, definition from unnest($1::text[], $2::jsonb[]) as row (key, definition)`,
    [meters.map((meter) => meter.key), meters.map((meter) => JSON.stringify(meter))],
  );
}

/** Adds a tenant that is billed by the month of UTC, with its gate. */
export async function addTenant(
  pool: pg.Pool,
  tenant: string,
  { billingStart = '2023-11-01T00:00:00Z' }: { billingStart?: InstantText } = {},
): Promise<void> {
  await pool.query(
    `
with added as (
  insert into tenant (id, name, currency, time_zone, billing_start, period_length, late_window_seconds, tax_rates,
    payment_terms_days, bill_to, buyer)
  values ($1::text, $1::text, 'USD', 'UTC', $2::timestamptz, 'month', 0, '[]', 14, $1::text, '{}')
)
insert into gate (tenant, version, sealed_through) values ($1::text, 1, $2::timestamptz)`,
    [tenant, billingStart],
  );
}
