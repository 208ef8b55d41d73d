import { afterAll, beforeAll, expect, test } from 'vitest';

import { heldAt } from '../../src/catalog/effective-plans.ts';
import { migratePlan } from '../../src/catalog/migrate-plan.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { AT, openCatalogueDatabase, type CatalogueDatabase } from './catalogue-fixture.ts';

const NOW = requireInstant(AT);

const YAML = `
issuer: { name: Toll Ltd }
meters: [{ key: storage, aggregation: sum, unit: GB }]
plans:
  - { key: small, currency: USD, charges: [] }
  - { key: archive, addOn: true, currency: USD, charges: [] }
tenants:
  - id: acme
    currency: USD
    billingStart: 2026-10-01T00:00:00Z
    plan: small
    addOns: [archive]
    prices: [{ key: storage, meter: storage, price: { model: per_unit, unitPrice: 0.5 } }]
`;

let database: CatalogueDatabase;

beforeAll(async () => {
  database = await openCatalogueDatabase();
  await database.apply(YAML);
  const charges = 'charges: [{ key: storage, meter: storage, price: { model: per_unit, unitPrice: 2 } }]';
  await database.apply(
    YAML.replace('addOn: true, currency: USD, charges: []', `addOn: true, currency: USD, ${charges}`),
  );
});

afterAll(async () => {
  await database.close();
});

test('an add-on is not moved to a version with the key of a price that the tenant has beside it: its usage would be billed twice', async () => {
  const { steps } = await inTransaction(database.pool, (client) =>
    migratePlan(client, { planKey: 'archive', toVersion: 2, at: 'now' }, NOW, { after: null, limit: 100 }),
  );
  expect(steps).toMatchObject([{ tenant: 'acme', refused: expect.stringContaining('would both have storage') }]);
  const entry = (await readCatalogue(database.pool)).tenants.get('acme');
  const held = entry === undefined ? [] : heldAt(entry, NOW);
  expect(held.flatMap(({ charges }) => charges.map(({ key }) => key))).toEqual(['storage']);
});
