import type pg from 'pg';

import { lockGates } from '../ledger/gate.ts';
import { periodsThrough } from '../ledger/periods.ts';
import type { CatalogueSnapshot } from './catalogue-snapshot.ts';
import { readCatalogue } from './read-catalogue.ts';

/** Orders concurrent changes of the catalogue until the caller's transaction ends. Taken before the gates of tenants. */
export async function lockCatalogue(client: pg.PoolClient): Promise<void> {
  await client.query('select version from catalogue_version for update');
}

/** The catalogue as it stays until the caller's transaction ends. */
export async function readLockedCatalogue(client: pg.PoolClient): Promise<CatalogueSnapshot> {
  await lockCatalogue(client);
  return readCatalogue(client);
}

/**
 * The catalogue with the gates of these tenants locked and read anew: what was sealed in the meantime shows, and which periods were made.
 * Nothing of them is sealed, and no period made, until the caller's transaction ends.
 */
export async function withLockedGates(
  client: pg.PoolClient,
  snapshot: CatalogueSnapshot,
  locked: readonly string[],
): Promise<CatalogueSnapshot> {
  if (locked.length === 0) return snapshot;
  const tenants = new Map(snapshot.tenants);
  const gates = await lockGates(client, locked);
  const made = await periodsThrough(client, locked);
  for (const [tenant, gate] of gates) {
    const entry = tenants.get(tenant);
    if (entry === undefined) continue;
    tenants.set(tenant, { ...entry, gate, periodsThroughMicros: made.get(tenant) ?? entry.periodsThroughMicros });
  }
  return { ...snapshot, tenants };
}

/** In the transaction of the change: a process that reads the new number reads the new definitions with it. */
export async function raiseCatalogueVersion(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    'update catalogue_version set version = version + 1 returning version::float8 as version',
  );
  if (rows[0] === undefined) throw new Error('the catalogue has no version row: was the database migrated?');
  return rows[0].version;
}
