import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { type CatalogueDatabase, openCatalogueDatabase } from './catalogue-fixture.ts';

const GAUGE = `
meters:
  - { key: stored, aggregation: time_weighted, dimensions: [region], unit: GB }
`;

let database: CatalogueDatabase;
beforeEach(async () => {
  database = await openCatalogueDatabase();
});
afterEach(async () => database.close());

describe('a time_weighted meter', () => {
  test('shows its latest value and is billed by time, and is the same when it is applied again', async () => {
    await database.apply(GAUGE);
    const { meters } = await readCatalogue(database.pool);
    expect(meters.get('stored')).toMatchObject({ aggregation: 'latest', timeWeighted: true });
    expect((await database.apply(GAUGE)).changes).toMatchObject([{ action: 'unchanged' }]);
  });

  test.each([
    [
      'aggregation: time_weighted',
      'aggregation: latest',
      'aggregation: is time_weighted since version 1 and cannot change',
    ],
    ['[region]', '[region, tier]', 'dimensions: of a time_weighted meter cannot change'],
  ])('cannot change %s to %s', async (before, after, problem) => {
    await database.apply(GAUGE);
    await expect(database.apply(GAUGE.replace(before, after))).rejects.toThrow(`meters[0].${problem}`);
  });

  test('cannot come of a latest one, cannot be limited, and its hours cannot be priced by themselves', async () => {
    await database.apply(GAUGE.replace('time_weighted', 'latest'));
    await expect(database.apply(GAUGE)).rejects.toThrow('is latest since version 1 and cannot change');
    const plan = (more: string) => `${GAUGE.replaceAll('stored', 'held')}
plans: [{ key: held, currency: USD, ${more} }]`;
    await expect(database.apply(plan('limits: [{ meter: held, mode: hard, limit: 5 }]'))).rejects.toThrow(
      'which has no running number: limit a count, sum or max meter',
    );
    const bucketed = '{ model: bucketed, bucket: hour, price: { model: per_unit, unitPrice: 1 } }';
    await expect(database.apply(plan(`charges: [{ key: held, meter: held, price: ${bucketed} }]`))).rejects.toThrow(
      'whose parts do not add up',
    );
  });
});
