import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

import { microsSql, readMicros } from '../ledger/columns.ts';
import type { Queryable } from '../ledger/database.ts';
import { formatInstant, MICROS_PER_SECOND } from '../domain/instant.ts';
import type { EpochMicros, InstantText } from '../domain/instant.ts';
import { isWellFormedSecret, makeSecret, secretPrefix } from './key-secret.ts';

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
  /** From then on it is no key any more; `null`: it has no end. */
  readonly expiresAtMicros: EpochMicros | null;
}

/** A key as it is listed: never its secret. */
export interface ApiKeyInfo {
  readonly id: string;
  readonly name: string;
  /** How its secret begins: `tk_test_ab3d`; `null` for keys that were made before beginnings were kept. */
  readonly prefix: string | null;
  readonly scopes: readonly KeyScope[];
  readonly tenant: string | null;
  readonly createdAt: InstantText;
  readonly expiresAt: InstantText | null;
  readonly revokedAt: InstantText | null;
  /** The key whose place it takes. */
  readonly rotatedFrom: string | null;
  /** To the minute; `null`: never, or before uses were noted. */
  readonly lastUsedAt: InstantText | null;
}

/** What a new key is made from. */
export interface NewKey {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly tenant: string | null;
  readonly expiresAtMicros: EpochMicros | null;
  readonly mode: 'test' | 'live';
  readonly atMicros: EpochMicros;
  /** The key whose place it takes. */
  readonly rotatedFrom?: string;
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
  const { name, scopes, tenant, rotatedFrom = null } = key;
  const prefix = secretPrefix(secret);
  await db.query(
    `insert into api_key (id, name, secret_digest, scopes, tenant, created_at, expires_at, secret_prefix, rotated_from)
     values ($1::text, $2::text, $3::bytea, $4::text[], $5::text, $6::timestamptz, $7::timestamptz, $8::text, $9::text)`,
    [id, name, digestOf(secret), scopes, tenant, createdAt, expiresAt, prefix, rotatedFrom],
  );
  const info = {
    id,
    name,
    prefix,
    scopes,
    tenant,
    createdAt,
    expiresAt,
    revokedAt: null,
    rotatedFrom,
    lastUsedAt: null,
  };
  return { key: info, secret };
}

interface AuthenticationRow {
  readonly id: string;
  readonly secret_digest: Buffer;
  readonly scopes: readonly KeyScope[];
  readonly tenant: string | null;
  readonly expires_at: string | null;
  readonly mode: 'test' | 'live';
}

/** One statement and, at most once a minute and key, one write: uses are not worth more. */
const AUTHENTICATE = `
with found as (
  select id, secret_digest, scopes, tenant, expires_at, last_used_at
  from api_key
  where secret_digest = $1::bytea and revoked_at is null and (expires_at is null or expires_at > $2::timestamptz)
), noted as (
  update api_key set last_used_at = $2::timestamptz
  from found
  where api_key.id = found.id
    and (found.last_used_at is null or found.last_used_at <= $2::timestamptz - interval '1 minute')
)
select found.id, found.secret_digest, found.scopes, found.tenant, ${microsSql('found.expires_at')} as expires_at, installation.mode
from found cross join installation`;

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
  const digest = digestOf(secret);
  const { rows } = await db.query<AuthenticationRow>(AUTHENTICATE, [digest, formatInstant(atMicros)]);
  const row = rows[0];
  // The look-up is by digest, whose timing tells nothing of a secret; what decides compares in constant time all the same.
  if (row === undefined || !timingSafeEqual(row.secret_digest, digest)) return undefined;
  if (!secret.startsWith(`tk_${row.mode}_`)) return undefined;
  const expiresAtMicros = row.expires_at === null ? null : readMicros(row.expires_at);
  return { keyId: row.id, scopes: row.scopes, tenant: row.tenant, mode: row.mode, expiresAtMicros };
}

interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly tenant: string | null;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly secret_prefix: string | null;
  readonly rotated_from: string | null;
  readonly last_used_at: string | null;
}

const KEY_COLUMNS = `id, name, scopes, tenant, secret_prefix, rotated_from, ${microsSql('created_at')} as created_at,
  ${microsSql('expires_at')} as expires_at, ${microsSql('revoked_at')} as revoked_at,
  ${microsSql('last_used_at')} as last_used_at`;

function instantOf(micros: string): InstantText {
  return formatInstant(readMicros(micros));
}

function instantOrNull(micros: string | null): InstantText | null {
  return micros === null ? null : instantOf(micros);
}

function toInfo(row: KeyRow): ApiKeyInfo {
  return {
    id: row.id,
    name: row.name,
    prefix: row.secret_prefix,
    scopes: row.scopes,
    tenant: row.tenant,
    createdAt: instantOf(row.created_at),
    expiresAt: instantOrNull(row.expires_at),
    revokedAt: instantOrNull(row.revoked_at),
    rotatedFrom: row.rotated_from,
    lastUsedAt: instantOrNull(row.last_used_at),
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

/** Revokes a key; one that is revoked already keeps its first instant, and is not new. `undefined`: there is no such key. */
export async function revokeKey(
  client: Queryable,
  id: string,
  atMicros: EpochMicros,
): Promise<{ readonly key: ApiKeyInfo; readonly isNew: boolean } | undefined> {
  const revoked = await client.query<KeyRow>(
    `update api_key set revoked_at = $2::timestamptz where id = $1::text and revoked_at is null returning ${KEY_COLUMNS}`,
    [id, formatInstant(atMicros)],
  );
  if (revoked.rows[0] !== undefined) return { key: toInfo(revoked.rows[0]), isNew: true };
  const { rows } = await client.query<KeyRow>(`select ${KEY_COLUMNS} from api_key where id = $1::text`, [id]);
  return rows[0] === undefined ? undefined : { key: toInfo(rows[0]), isNew: false };
}

/** What a rotation made and ended. */
export interface Rotation {
  /** The old key, which still works until its `expiresAt`. */
  readonly old: ApiKeyInfo;
  readonly key: ApiKeyInfo;
  readonly secret: string;
}

/**
 * Makes a key that can do what an old one can, and lets the old one expire: both work in between, so that senders can be moved
 * over one after the other. `'unknown'`: there is no such key. `'ended'`: it is revoked or expired, and nothing was made.
 */
export async function rotateKey(
  client: Queryable,
  id: string,
  options: { readonly overlapSeconds: number; readonly mode: 'test' | 'live'; readonly atMicros: EpochMicros },
): Promise<Rotation | 'unknown' | 'ended'> {
  const { mode, atMicros } = options;
  const locked = await client.query<KeyRow>(`select ${KEY_COLUMNS} from api_key where id = $1::text for update`, [id]);
  const row = locked.rows[0];
  if (row === undefined) return 'unknown';
  const isExpired = row.expires_at !== null && readMicros(row.expires_at) <= atMicros;
  if (row.revoked_at !== null || isExpired) return 'ended';
  const { name, scopes, tenant } = row;
  // The successor lasts as long as the old key would have: a rotation extends nothing.
  const expiresAtMicros = row.expires_at === null ? null : readMicros(row.expires_at);
  const made = await createKey(client, { name, scopes, tenant, expiresAtMicros, mode, atMicros, rotatedFrom: id });
  const { rows } = await client.query<KeyRow>(
    `update api_key set expires_at = least(expires_at, $2::timestamptz) where id = $1::text returning ${KEY_COLUMNS}`,
    [id, formatInstant(atMicros + options.overlapSeconds * MICROS_PER_SECOND)],
  );
  if (rows[0] === undefined) throw new Error(`the key ${id} vanished while it was being rotated`);
  return { old: toInfo(rows[0]), ...made };
}
