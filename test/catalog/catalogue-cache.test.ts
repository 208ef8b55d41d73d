import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CatalogueCache } from '../../src/catalog/catalogue-cache.ts';
import { hasPartition } from '../../src/catalog/catalogue-snapshot.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import type { Queryable } from '../../src/ledger/database.ts';
import { CATALOGUE, openCatalogueDatabase } from './catalogue-fixture.ts';
import type { CatalogueDatabase } from './catalogue-fixture.ts';

const PATIENCE = { timeout: 20_000 };

describe('the catalogue in memory', () => {
  let database: CatalogueDatabase;

  beforeAll(async () => {
    database = await openCatalogueDatabase();
    await database.apply(CATALOGUE);
  });

  afterAll(async () => {
    await database.close();
  });

  /** Counts the reads of the whole catalogue that go through it. */
  function countingDb(): { db: Queryable; reads: () => number } {
    let reads = 0;
    const query = (...parameters: unknown[]): unknown => {
      if (String(parameters[0]).includes('cross join installation')) reads += 1;
      return (database.pool.query as (...values: unknown[]) => unknown)(...parameters);
    };
    return { db: { query } as Queryable, reads: () => reads };
  }

  test('is not believed before it was read', () => {
    const cache = new CatalogueCache({ db: database.pool, onPollError: () => undefined });
    expect(() => cache.current()).toThrow('await reload() at start');
  });

  test('is read once for callers that ask at the same time, and never from before they asked', async () => {
    const { db, reads } = countingDb();
    const cache = new CatalogueCache({ db, onPollError: () => undefined });
    const first = cache.reload();
    const later = [cache.reload(), cache.reload(), cache.reload()];
    await first;
    const snapshots = await Promise.all(later);
    expect(reads()).toBe(2);
    expect(new Set(snapshots).size).toBe(1);
    expect(cache.current()).toBe(snapshots[0]);
  });

  test('is read again for who shows it where another process changed something, and only there', async () => {
    const { db, reads } = countingDb();
    const cache = new CatalogueCache({ db, onPollError: () => undefined });
    await cache.refresh();
    expect(await cache.refresh()).toBe(cache.current());
    expect(reads()).toBe(1);
    for (const change of [
      "update tenant set paused = true where id = 'acme'",
      "update tenant set paused = false where id = 'acme'",
      "update gate set version = version + 1 where tenant = 'acme'",
      'update catalogue_version set version = version + 1',
    ]) {
      const before = reads();
      await database.pool.query(change);
      await cache.refresh();
      await cache.refresh();
      expect([change, reads() - before]).toEqual([change, 1]);
    }
    expect(cache.current().tenants.get('acme')?.tenant.paused).toBe(false);
  });

  test('follows a change of the catalogue and of a gate by itself', async () => {
    const cache = new CatalogueCache({ db: database.pool, onPollError: () => undefined, pollMs: 10 });
    await cache.reload();
    cache.start();
    try {
      await database.apply(CATALOGUE.replace('20.00', '30.00'));
      await expect.poll(() => cache.current().planVersions.size, PATIENCE).toBe(2);
      await database.pool.query(`update gate set version = 7 where tenant = 'acme'`);
      await expect.poll(() => cache.current().tenants.get('acme')?.gate.version, PATIENCE).toBe(7);
    } finally {
      cache.stop();
    }
  });

  test('stays in use while the database does not answer', async () => {
    let isAway = false;
    const query = (...parameters: unknown[]): unknown => {
      if (isAway) return Promise.reject(new Error('away'));
      return (database.pool.query as (...values: unknown[]) => unknown)(...parameters);
    };
    const errors: unknown[] = [];
    const db = { query } as Queryable;
    const cache = new CatalogueCache({ db, onPollError: (error) => errors.push(error), pollMs: 10 });
    const snapshot = await cache.reload();
    isAway = true;
    cache.start();
    try {
      await expect.poll(() => errors.length, PATIENCE).toBeGreaterThan(1);
      expect(cache.current()).toBe(snapshot);
      await expect(cache.reload()).rejects.toThrow('away');
    } finally {
      cache.stop();
    }
  });

  test('knows for which months the ledger has a partition', async () => {
    const cache = new CatalogueCache({ db: database.pool, onPollError: () => undefined });
    const snapshot = await cache.reload();
    const has = (instant: string) => hasPartition(snapshot, requireInstant(instant));
    expect(has('2026-09-30T23:59:59.999999Z')).toBe(false);
    expect(has('2026-10-01T00:00:00Z')).toBe(true);
    expect(has('2026-12-31T23:59:59.999999Z')).toBe(true);
    expect(has('2027-01-01T00:00:00Z')).toBe(false);
  });
});
