import { afterEach, beforeEach, expect, test } from 'vitest';

import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { CATALOGUE, type CatalogueDatabase, openCatalogueDatabase } from './catalogue-fixture.ts';

let database: CatalogueDatabase;

beforeEach(async () => {
  database = await openCatalogueDatabase();
});

afterEach(() => database.close());

const withCoupons = (coupons: string): string => `${CATALOGUE}\ncoupons:\n${coupons}`;

test('a coupon is made once, and the same one again changes nothing', async () => {
  const yaml = withCoupons(`
  - { key: launch, name: Launch offer, discount: { percent: 10.0 }, periods: 3 }
  - { key: sorry, discount: { amount: 5 }, currency: USD, charge: calls }`);
  const { changes } = await database.apply(yaml);
  expect(changes.filter(({ kind }) => kind === 'coupon').map(({ action }) => action)).toEqual(['created', 'created']);
  expect([...(await readCatalogue(database.pool)).coupons.values()]).toEqual([
    { key: 'launch', name: 'Launch offer', discount: { percent: '10' }, periods: 3 },
    { key: 'sorry', name: 'sorry', discount: { amount: '5' }, currency: 'USD', charge: 'calls' },
  ]);
  const again = await database.apply(yaml.replace('10.0', '"10"'));
  expect(again.changes.every(({ action }) => action === 'unchanged')).toBe(true);
});

test.each([
  ['{ key: a, discount: { percent: 101 } }', /at most 100 percent/],
  ['{ key: a, discount: { amount: 5 } }', /must name the currency of an amount/],
  ['{ key: a, discount: { percent: 5 }, currency: USD }', /none beside a percentage/],
  ['{ key: a, discount: { percent: 5 }, charge: minutes }', /no plan or tenant has a charge minutes/],
  ['{ key: a, discount: { percent: 5 }, periods: 0 }', /whole number from 1/],
])('a coupon that could not be billed is refused: %s', async (coupon, message) => {
  await expect(database.apply(withCoupons(`  - ${coupon}`))).rejects.toThrow(message);
});

test('a coupon may be of a charge that only a price of a tenant’s own has', async () => {
  const price = '{ key: minutes, meter: calls, price: { model: per_unit, unitPrice: 1 } }';
  const coupon = '{ key: a, discount: { percent: 5 }, charge: minutes }';
  const yaml = withCoupons(`  - ${coupon}`).replace('plan: basic', `plan: basic, prices: [${price}]`);
  expect((await database.apply(yaml)).changes).toContainEqual(expect.objectContaining({ key: 'a', action: 'created' }));
  await database.apply(`coupons: [${coupon.replace('key: a', 'key: b')}]`);
});

test('a coupon never changes, and one key is one coupon', async () => {
  await database.apply(withCoupons('  - { key: a, discount: { percent: 5 } }'));
  const changed = database.apply(withCoupons('  - { key: a, discount: { percent: 6 } }'));
  await expect(changed).rejects.toThrow(/a is stored as something else and cannot change: use another key/);
  const twice = withCoupons('  - { key: b, discount: { percent: 5 } }\n  - { key: b, discount: { percent: 5 } }');
  await expect(database.apply(twice)).rejects.toThrow(/b is already defined by coupons\[0\]/);
});
