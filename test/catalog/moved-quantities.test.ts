import { afterAll, beforeAll, expect, test } from 'vitest';

import { changeAddOn } from '../../src/catalog/change-add-on.ts';
import { changePlan } from '../../src/catalog/change-plan.ts';
import { changeQuantity } from '../../src/catalog/change-quantity.ts';
import { migratePlan } from '../../src/catalog/migrate-plan.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { AT, openCatalogueDatabase, type CatalogueDatabase } from './catalogue-fixture.ts';

const NOW = requireInstant(AT);
const OCTOBER = '2026-10-01T00:00:00Z';
const DECEMBER = '2026-12-01T00:00:00Z';
const JANUARY = '2027-01-01T00:00:00Z';

const SEATS = 'fixedQuantities: [{ key: seats, unit: seat, price: { model: per_unit, unitPrice: 29 } }]';
const YAML = `
issuer: { name: Toll Ltd }
plans:
  - { key: small, currency: USD, charges: [] }
  - { key: big, currency: USD, charges: [], ${SEATS} }
  - { key: team, addOn: true, currency: USD, charges: [], ${SEATS} }
tenants:
${['moved', 'again', 'late', 'file', 'migrated', 'given']
  .map((id) => {
    const held = id === 'given' ? '' : ', addOns: [team], quantities: { seats: 5 }';
    return `  - { id: ${id}, currency: USD, billingStart: ${OCTOBER}, plan: small${held} }`;
  })
  .join('\n')}
`;

let database: CatalogueDatabase;

beforeAll(async () => {
  database = await openCatalogueDatabase();
  await database.apply(YAML);
});

afterAll(async () => {
  await database.close();
});

const toPlan = (tenant: string, planKey: string, at: string) =>
  inTransaction(database.pool, (client) => changePlan(client, { tenant, planKey, at: requireInstant(at) }, NOW));
const addOn = (tenant: string, action: 'add' | 'remove', at: string) =>
  inTransaction(database.pool, (client) =>
    changeAddOn(client, { tenant, planKey: 'team', at: requireInstant(at), action }, NOW),
  );

async function seats(tenant: string): Promise<readonly string[]> {
  const entry = (await readCatalogue(database.pool)).tenants.get(tenant);
  return (entry?.quantities ?? []).map(({ quantity, fromMicros, toMicros }) => {
    return `${quantity} ${formatInstant(fromMicros)} ${toMicros === null ? '-' : formatInstant(toMicros)}`;
  });
}

test('seats of an add-on go on with the plan that has them where it ends', async () => {
  await expect(toPlan('moved', 'big', DECEMBER)).rejects.toMatchObject({ refusal: 'key_taken' });
  await addOn('moved', 'remove', DECEMBER);
  expect(await seats('moved')).toEqual([`5 ${OCTOBER} ${DECEMBER}`]);
  expect(await toPlan('moved', 'big', DECEMBER)).toMatchObject({ changedQuantities: ['seats'], isUnchanged: false });
  expect(await seats('moved')).toEqual([`5 ${OCTOBER} -`]);
  expect(await toPlan('moved', 'big', DECEMBER)).toMatchObject({ changedQuantities: [], isUnchanged: true });
});

test('and end with it where that plan does not come, until it comes after all', async () => {
  await addOn('again', 'remove', DECEMBER);
  await toPlan('again', 'big', DECEMBER);
  expect(await toPlan('again', 'small', DECEMBER)).toMatchObject({ changedQuantities: ['seats'] });
  expect(await seats('again')).toEqual([`5 ${OCTOBER} ${DECEMBER}`]);
  await toPlan('again', 'big', DECEMBER);
  expect(await seats('again')).toEqual([`5 ${OCTOBER} -`]);
});

test('a plan that comes later finds none: nobody had them in between', async () => {
  await addOn('late', 'remove', DECEMBER);
  expect(await toPlan('late', 'big', JANUARY)).toMatchObject({ changedQuantities: [], isUnchanged: false });
  expect(await seats('late')).toEqual([`5 ${OCTOBER} ${DECEMBER}`]);
});

test('a file that moves the tenant to the plan says and does the same', async () => {
  await addOn('file', 'remove', DECEMBER);
  const { changes } = await database.apply(
    YAML.replace(/(id: file, .*plan: )small/, (_, before: string) => `${before}big`),
  );
  expect(changes.find(({ key }) => key === 'file')?.details).toMatchObject({ quantities: ['seats'] });
  expect(await seats('file')).toEqual([`5 ${OCTOBER} -`]);
});

test('a migration to a version without them ends them, and says so', async () => {
  await database.apply(
    YAML.replace(
      `key: team, addOn: true, currency: USD, charges: [], ${SEATS}`,
      'key: team, addOn: true, currency: USD, charges: []',
    ),
  );
  const { steps } = await inTransaction(database.pool, (client) =>
    migratePlan(client, { planKey: 'team', toVersion: 2, at: requireInstant(DECEMBER) }, NOW, {
      after: null,
      limit: 100,
    }),
  );
  expect(steps.map(({ tenant, left }) => [tenant, left.changedQuantities])).toEqual([['migrated', ['seats']]]);
  expect(await seats('migrated')).toEqual([`5 ${OCTOBER} ${DECEMBER}`]);
});

test('an add-on that is given back before it begins leaves nothing to be charged when it is taken again', async () => {
  const order = { tenant: 'given', planKey: 'team', planVersion: 1 } as const;
  const change = (action: 'add' | 'remove', at: string | null) =>
    inTransaction(database.pool, (client) =>
      changeAddOn(client, { ...order, action, at: at === null ? 'now' : requireInstant(at) }, NOW),
    );
  await change('add', DECEMBER);
  await inTransaction(database.pool, (client) =>
    changeQuantity(client, { tenant: 'given', name: 'seats', quantity: '5', at: requireInstant(DECEMBER) }, NOW),
  );
  expect(await change('remove', null)).toMatchObject({ changedQuantities: ['seats'] });
  await change('add', null);
  expect(await seats('given')).toEqual([]);
});
