import { expect, test } from 'vitest';

import { withLockedGates } from '../../src/catalog/locked-catalogue.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { ensurePeriods } from '../../src/ledger/periods.ts';
import { CATALOGUE, openCatalogueDatabase } from './catalogue-fixture.ts';

test('periods that were made since the catalogue was read show once the gates are locked: an end before theirs is refused', async () => {
  const database = await openCatalogueDatabase();
  try {
    await database.apply(CATALOGUE);
    const read = await readCatalogue(database.pool);
    const entry = read.tenants.get('acme');
    if (entry === undefined) throw new Error('there is no tenant acme');
    expect(formatInstant(entry.periodsThroughMicros)).toBe('2027-01-01T00:00:00Z');
    await ensurePeriods(database.pool, 'acme', entry.calendar, requireInstant('2027-01-10T00:00:00Z'));
    const locked = await inTransaction(database.pool, (client) => withLockedGates(client, read, ['acme']));
    expect(formatInstant(locked.tenants.get('acme')?.periodsThroughMicros ?? 0)).toBe('2027-03-01T00:00:00Z');
  } finally {
    await database.close();
  }
});
