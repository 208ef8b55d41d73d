import type { Redis } from 'ioredis';
import type { Client } from 'pg';

import { SHARDS_MAX, shardKey } from '../src/meter/keys.ts';

/** What PostgreSQL has written so far. */
export interface DatabaseVolume {
  readonly walBytes: number;
  readonly databaseBytes: number;
}

/** Accepted events that are committed to the ledger, over all shards of the present epochs. */
export async function committedEvents(database: Client): Promise<number> {
  const { rows } = await database.query<{ committed: string }>({
    name: 'bench_committed',
    text: 'select coalesce(sum(sequence), 0)::text as committed from journal_position',
  });
  return Number(rows[0]?.committed);
}

/** Events that Redis has accepted, over all shards of the present epochs. */
export async function acceptedEvents(redis: Redis): Promise<number> {
  let accepted = 0;
  for (let shard = 0; shard < SHARDS_MAX; shard += 1) {
    const sequence = await redis.hget(shardKey(shard), 'sequence');
    if (sequence === null && shard > 1) break;
    accepted += Number(sequence ?? 0);
  }
  return accepted;
}

/** Reads the volume of one database. The write-ahead log is the whole server's. */
export async function readVolume(database: Client, name: string): Promise<DatabaseVolume> {
  const { rows } = await database.query<{ wal: string; size: string }>(
    `select (pg_current_wal_lsn() - '0/0'::pg_lsn)::text as wal, pg_database_size($1::name)::text as size`,
    [name],
  );
  return { walBytes: Number(rows[0]?.wal), databaseBytes: Number(rows[0]?.size) };
}

/** What the hourly rollups have counted of the meter that counts every event once. */
export async function rolledUpEvents(database: Client): Promise<number> {
  const { rows } = await database.query<{ total: string }>(
    `select coalesce(sum(event_count), 0)::text as total from usage_hourly where meter = 'requests'`,
  );
  return Number(rows[0]?.total);
}
