import { createHash, randomBytes, randomUUID } from 'node:crypto';

import { microsSql, readMicros } from '../ledger/columns.ts';
import type { Queryable } from '../ledger/database.ts';
import { formatInstant } from '../domain/instant.ts';
import type { EpochMicros, InstantText } from '../domain/instant.ts';
import { isWellFormedSecret, makeSecret } from './key-secret.ts';

/** What a key may do. `admin` includes `read`; neither includes `ingest`. */
export type KeyScope = 'ingest' | 'ingest:backfill' | 'read' | 'admin';

export const KEY_SCOPES: readonly KeyScope[] = ['ingest', 'ingest:backfill', 'read', 'admin'];

/** Who sends a request, as its key says. */
export interface AuthenticatedKey {
  readonly keyId: string;
  readonly scopes: readonly KeyScope[];
  /** The one tenant that exists for this key; `null`: all of them. */
  readonly tenant: string | null;
  readonly mode: 'test' | 'live';
}

/** A key as it is listed: never its secret. */
export interface ApiKeyInfo {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly tenant: string | null;
  readonly createdAt: InstantText;
  readonly expiresAt: InstantText | null;
  readonly revokedAt: InstantText | null;
}

/** What a new key is made from. */
export interface NewKey {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly tenant: string | null;
  readonly expiresAtMicros: EpochMicros | null;
  readonly mode: 'test' | 'live';
  readonly atMicros: EpochMicros;
}

/** SHA-256 of the whole secret: 160 random bits need no slow hash, and the look-up is by this digest. */
function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}

/** Makes a key and answers its secret, which is kept nowhere: show it once. */
export async function createKey(db: Queryable, key: NewKey): Promise<{ key: ApiKeyInfo; secret: string }> {
  const secret = makeSecret(key.mode, randomBytes(20));
  const id = `key_${randomUUID().replaceAll('-', '')}`;
  const createdAt = formatInstant(key.atMicros);
  const expiresAt = key.expiresAtMicros === null ? null : formatInstant(key.expiresAtMicros);
  await db.query(
    `insert into api_key (id, name, secret_digest, scopes, tenant, created_at, expires_at)
     values ($1::text, $2::text, $3::bytea, $4::text[], $5::text, $6::timestamptz, $7::timestamptz)`,
    [id, key.name, digestOf(secret), key.scopes, key.tenant, createdAt, expiresAt],
  );
  const { name, scopes, tenant } = key;
  return { key: { id, name, scopes, tenant, createdAt, expiresAt, revokedAt: null }, secret };
}

interface AuthenticationRow {
  readonly id: string;
  readonly scopes: readonly KeyScope[];
  readonly tenant: string | null;
  readonly mode: 'test' | 'live';
}

/**
 * Finds the key of a secret. `undefined`: not the form of a key, unknown, revoked, expired, or of the other mode. Malformed
 * secrets are refused by their checksum before the database is asked.
 */
export async function authenticate(
  db: Queryable,
  secret: string,
  atMicros: EpochMicros,
): Promise<AuthenticatedKey | undefined> {
  if (!isWellFormedSecret(secret)) return undefined;
  const { rows } = await db.query<AuthenticationRow>(
    `select k.id, k.scopes, k.tenant, i.mode
     from api_key k cross join installation i
     where k.secret_digest = $1::bytea
       and k.revoked_at is null
       and (k.expires_at is null or k.expires_at > $2::timestamptz)`,
    [digestOf(secret), formatInstant(atMicros)],
  );
  const row = rows[0];
  if (row === undefined || !secret.startsWith(`tk_${row.mode}_`)) return undefined;
  return { keyId: row.id, scopes: row.scopes, tenant: row.tenant, mode: row.mode };
}

interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly tenant: string | null;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

const KEY_COLUMNS = `id, name, scopes, tenant, ${microsSql('created_at')} as created_at,
  ${microsSql('expires_at')} as expires_at, ${microsSql('revoked_at')} as revoked_at`;

function instantOf(micros: string): InstantText {
  return formatInstant(readMicros(micros));
}

function toInfo(row: KeyRow): ApiKeyInfo {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    tenant: row.tenant,
    createdAt: instantOf(row.created_at),
    expiresAt: row.expires_at === null ? null : instantOf(row.expires_at),
    revokedAt: row.revoked_at === null ? null : instantOf(row.revoked_at),
  };
}

/** One page of keys in order of id. `after` is the last id of the page before. */
export async function listKeys(
  db: Queryable,
  page: { readonly after: string | null; readonly limit: number },
): Promise<readonly ApiKeyInfo[]> {
  const { rows } = await db.query<KeyRow>(
    `select ${KEY_COLUMNS} from api_key where $1::text is null or id > $1::text order by id limit $2::integer`,
    [page.after, page.limit],
  );
  return rows.map(toInfo);
}

/** Revokes a key; one that is revoked already keeps its first instant. `undefined`: there is no such key. */
export async function revokeKey(db: Queryable, id: string, atMicros: EpochMicros): Promise<ApiKeyInfo | undefined> {
  const { rows } = await db.query<KeyRow>(
    `update api_key set revoked_at = coalesce(revoked_at, $2::timestamptz) where id = $1::text returning ${KEY_COLUMNS}`,
    [id, formatInstant(atMicros)],
  );
  return rows[0] === undefined ? undefined : toInfo(rows[0]);
}
