import { randomBytes } from 'node:crypto';

import type pg from 'pg';

import type { EpochMicros } from '../domain/instant.ts';
import type { Party } from '../domain/tenant.ts';
import { createKey } from './api-keys.ts';

/** What an installation is, for good: mode and shards cannot be changed by preparing it again. */
export interface InstallationSettings {
  readonly mode: 'test' | 'live';
  /** Used only for a new installation; `apply` of a catalogue file changes it. */
  readonly issuer: Party;
  readonly shardCount: number;
  readonly atMicros: EpochMicros;
}

/** Thrown when a database was prepared with other settings: what to set back, or which procedure changes them. */
export class InstallationMismatchError extends Error {
  override readonly name = 'InstallationMismatchError';
}

/** Any number that nothing else locks by: orders processes that prepare the same database at once. */
const PREPARE_LOCK = 7_105_201;

/**
 * Makes what a new database needs before anything runs: the installation (with its digest secret), a journal position per shard
 * and the first admin key. Idempotent; the caller owns the transaction.
 *
 * @returns the secret of the first admin key when this call made it, else `null`: show it once
 */
export async function prepareInstallation(
  client: pg.PoolClient,
  settings: InstallationSettings,
): Promise<{ readonly firstAdminKey: string | null }> {
  await client.query('select pg_advisory_xact_lock($1::bigint)', [PREPARE_LOCK]);
  await ensureInstallation(client, settings);
  await ensurePositions(client, settings.shardCount);
  return { firstAdminKey: await ensureAdminKey(client, settings) };
}

async function ensureInstallation(client: pg.PoolClient, settings: InstallationSettings): Promise<void> {
  await client.query(
    `insert into installation (mode, digest_secret, issuer) values ($1::text, $2::bytea, $3::jsonb)
     on conflict (singleton) do nothing`,
    [settings.mode, randomBytes(32), JSON.stringify(settings.issuer)],
  );
  const { rows } = await client.query<{ mode: string }>('select mode from installation');
  const mode = rows[0]?.mode;
  if (mode === settings.mode) return;
  throw new InstallationMismatchError(
    `this database belongs to a ${mode} installation: set TOLLKEEPER_MODE=${mode}, or use another database`,
  );
}

async function ensurePositions(client: pg.PoolClient, shardCount: number): Promise<void> {
  const { rows } = await client.query<{ shards: number }>('select count(*)::integer as shards from journal_position');
  const shards = rows[0]?.shards ?? 0;
  if (shards === shardCount) return;
  if (shards > 0) {
    throw new InstallationMismatchError(
      `this database has ${shards} shards: set TOLLKEEPER_SHARDS=${shards}; changing it is an offline procedure`,
    );
  }
  await client.query(
    `insert into journal_position (shard, epoch, sequence)
     select shard::smallint, 0::bigint, 0::bigint from generate_series(0, $1::integer - 1) shard`,
    [shardCount],
  );
}

async function ensureAdminKey(client: pg.PoolClient, settings: InstallationSettings): Promise<string | null> {
  const { rows } = await client.query<{ present: boolean }>('select exists (select from api_key) as present');
  if (rows[0]?.present === true) return null;
  const { secret } = await createKey(client, {
    name: 'first admin key',
    scopes: ['admin', 'read', 'ingest', 'ingest:backfill'],
    tenant: null,
    expiresAtMicros: null,
    mode: settings.mode,
    atMicros: settings.atMicros,
  });
  return secret;
}
