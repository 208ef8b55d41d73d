import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { authenticate, createKey, listKeys, revokeKey, rotateKey } from '../../src/catalog/api-keys.ts';
import { KEY_CACHE_TTL_MS, KeyCache } from '../../src/catalog/key-cache.ts';
import { isWellFormedSecret, makeSecret } from '../../src/catalog/key-secret.ts';
import { prepareInstallation } from '../../src/catalog/prepare-installation.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { AT, openCatalogueDatabase } from './catalogue-fixture.ts';
import type { CatalogueDatabase } from './catalogue-fixture.ts';

const atMicros = requireInstant(AT);

describe('a key', () => {
  let database: CatalogueDatabase;

  beforeAll(async () => {
    database = await openCatalogueDatabase();
  });

  afterAll(async () => {
    await database.close();
  });

  const newKey = (expiresAtMicros: number | null = null) =>
    createKey(database.pool, {
      name: 'app',
      scopes: ['ingest'],
      tenant: null,
      expiresAtMicros,
      mode: 'test',
      atMicros,
    });

  test('is known by its secret, of which the database keeps only the digest', async () => {
    const { key, secret } = await newKey();
    expect(await authenticate(database.pool, secret, atMicros)).toEqual({
      keyId: key.id,
      scopes: ['ingest'],
      tenant: null,
      mode: 'test',
      expiresAtMicros: null,
    });
    const { rows } = await database.pool.query<{ text: string }>('select api_key::text as text from api_key');
    expect(rows.some(({ text }) => text.includes(secret.slice(8)))).toBe(false);
  });

  test('ends when it is revoked, expires, or is unknown', async () => {
    const { key, secret } = await newKey(atMicros + 1);
    expect(await authenticate(database.pool, secret, atMicros)).toBeDefined();
    expect(await authenticate(database.pool, secret, atMicros + 1)).toBeUndefined();
    const other = await newKey();
    await revokeKey(database.pool, other.key.id, atMicros);
    expect(await authenticate(database.pool, other.secret, atMicros)).toBeUndefined();
    expect(await authenticate(database.pool, makeSecret('test', Buffer.alloc(20, 7)), atMicros)).toBeUndefined();
    const again = await revokeKey(database.pool, other.key.id, atMicros + 5_000_000);
    expect(again).toMatchObject({ isNew: false, key: { revokedAt: '2026-11-20T10:30:15.500000Z' } });
    expect(await revokeKey(database.pool, 'key_none', atMicros)).toBeUndefined();
    const listed = await listKeys(database.pool, { after: null, limit: 100 });
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining([key.id, other.key.id]));
  });

  test('of the other mode is refused', async () => {
    const { secret } = await createKey(database.pool, {
      name: 'live',
      scopes: ['read'],
      tenant: null,
      expiresAtMicros: null,
      mode: 'live',
      atMicros,
    });
    expect(await authenticate(database.pool, secret, atMicros)).toBeUndefined();
  });

  test('that was mistyped in one character is told by its checksum', () => {
    const secret = makeSecret('live', Buffer.from('00112233445566778899aabbccddeeff01234567', 'hex'));
    expect(isWellFormedSecret(secret)).toBe(true);
    for (let index = 0; index < secret.length; index += 1) {
      const other = secret[index] === 'a' ? 'b' : 'a';
      expect(isWellFormedSecret(secret.slice(0, index) + other + secret.slice(index + 1))).toBe(false);
    }
  });

  test('that was revoked is forgotten by a process within five seconds', async () => {
    let now = atMicros;
    const cache = new KeyCache(database.pool, () => now);
    const { key, secret } = await newKey();
    expect(await cache.authenticate(secret)).toBeDefined();
    await revokeKey(database.pool, key.id, now);
    expect(await cache.authenticate(secret)).toBeDefined();
    now += KEY_CACHE_TTL_MS * 1_000;
    expect(await cache.authenticate(secret)).toBeUndefined();
    expect(KEY_CACHE_TTL_MS).toBeLessThan(5_000);
  });

  test('that expires is not remembered past its end', async () => {
    let now = atMicros;
    const cache = new KeyCache(database.pool, () => now);
    const { secret } = await newKey(atMicros + 1_000_000);
    expect(await cache.authenticate(secret)).toBeDefined();
    now += 999_999;
    expect(await cache.authenticate(secret)).toBeDefined();
    now += 1;
    expect(await cache.authenticate(secret)).toBeUndefined();
  });

  test('shows how its secret begins and, to the minute, when it was last used', async () => {
    const { key, secret } = await newKey();
    expect(key).toMatchObject({ prefix: secret.slice(0, 12), lastUsedAt: null, rotatedFrom: null });
    const lastUsed = async () => {
      const listed = await listKeys(database.pool, { after: null, limit: 100 });
      return listed.find(({ id }) => id === key.id)?.lastUsedAt;
    };
    await authenticate(database.pool, secret, atMicros);
    const first = await lastUsed();
    expect(first).toBe('2026-11-20T10:30:15.500000Z');
    await authenticate(database.pool, secret, atMicros + 59_000_000);
    expect(await lastUsed()).toBe(first);
    await authenticate(database.pool, secret, atMicros + 60_000_000);
    expect(await lastUsed()).toBe('2026-11-20T10:31:15.500000Z');
  });

  test('hands over to its successor, and both work until the overlap ends', async () => {
    const { key, secret } = await newKey();
    const rotate = (id: string, at = atMicros) =>
      inTransaction(database.pool, (client) =>
        rotateKey(client, id, { overlapSeconds: 60, mode: 'test', atMicros: at }),
      );
    const rotation = await rotate(key.id);
    if (typeof rotation === 'string') throw new Error(rotation);
    expect(rotation.key).toMatchObject({ name: key.name, scopes: key.scopes, rotatedFrom: key.id, expiresAt: null });
    expect(rotation.old).toMatchObject({ id: key.id, expiresAt: '2026-11-20T10:31:15.500000Z' });
    const keyAt = async (one: string, at: number) => (await authenticate(database.pool, one, at))?.keyId;
    expect(await keyAt(secret, atMicros + 59_999_999)).toBe(key.id);
    expect(await keyAt(secret, atMicros + 60_000_000)).toBeUndefined();
    expect(await keyAt(rotation.secret, atMicros + 60_000_000)).toBe(rotation.key.id);
    expect(await rotate('key_none')).toBe('unknown');
    expect(await rotate(key.id, atMicros + 60_000_000)).toBe('ended');
    await revokeKey(database.pool, rotation.key.id, atMicros);
    expect(await rotate(rotation.key.id)).toBe('ended');
    const short = await newKey(atMicros + 1_000_000);
    expect(await rotate(short.key.id)).toMatchObject({
      old: { expiresAt: short.key.expiresAt },
      key: { expiresAt: short.key.expiresAt },
    });
  });

  test('of the first administrator is made once', async () => {
    const settings = { mode: 'test', issuer: { name: 'x', addressLines: [], taxIds: [] }, shardCount: 2 } as const;
    const prepare = (changes: object = {}) =>
      inTransaction(database.pool, (client) => prepareInstallation(client, { ...settings, atMicros, ...changes }));
    expect(isWellFormedSecret(database.adminSecret)).toBe(true);
    expect(await prepare()).toEqual({ firstAdminKey: null });
    await expect(prepare({ mode: 'live' })).rejects.toThrow('set TOLLKEEPER_MODE=test');
    await expect(prepare({ shardCount: 3 })).rejects.toThrow('set TOLLKEEPER_SHARDS=2');
  });
});
