import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CatalogueError } from '../../src/catalog/catalogue-problem.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { CATALOGUE, openCatalogueDatabase } from './catalogue-fixture.ts';
import type { CatalogueDatabase } from './catalogue-fixture.ts';

/** The catalogue with alerts in its plan, and meters to be wrong about. */
function withAlerts(alerts: string): string {
  return CATALOGUE.replace('limits:', `alerts: [${alerts}]\n    limits:`)
    .replace(
      'plans:',
      '  - { key: seats, aggregation: latest }\n  - { key: users, aggregation: unique, value: { property: user } }\nplans:',
    )
    .replace('meter: calls, price', 'meter: calls, includedUnits: 500, price');
}

let database: CatalogueDatabase;

beforeAll(async () => {
  database = await openCatalogueDatabase();
});

afterAll(async () => {
  await database.close();
});

describe('alerts of a plan', () => {
  test('are kept as exact decimals, and applying them again changes nothing', async () => {
    const alerts =
      '{ meter: calls, shareOfLimit: 0.80 }, { meter: calls, shareOfIncluded: "1" }, { meter: users, quantity: 50 }';
    await database.apply(withAlerts(alerts));
    const plan = (await readCatalogue(database.pool)).planVersions.get('basic@1');
    expect(plan?.alerts).toEqual([
      { meter: 'calls', shareOfLimit: '0.8' },
      { meter: 'calls', shareOfIncluded: '1' },
      { meter: 'users', quantity: '50' },
    ]);
    const again = await database.apply(withAlerts(alerts.replace('0.80', '0.8')));
    expect(again.changes.filter(({ action }) => action !== 'unchanged')).toEqual([]);
  });

  test('a plan without alerts is the same definition as before there were any', async () => {
    const { changes } = await database.apply(withAlerts(''), { dryRun: true });
    expect(changes).toContainEqual(expect.objectContaining({ kind: 'plan', action: 'new_version' }));
    await database.apply(withAlerts('').replace('key: basic', 'key: plain').replace('plan: basic', 'plan: plain'));
    expect((await readCatalogue(database.pool)).planVersions.get('plain@1')).not.toHaveProperty('alerts');
  });

  test.each([
    ['{ meter: nothing, quantity: 5 }', 'plans[0].alerts[0].meter', /there is no meter nothing/],
    ['{ meter: seats, quantity: 5 }', 'plans[0].alerts[0].meter', /rises and falls/],
    ['{ meter: calls, quantity: 0.5 }', 'plans[0].alerts[0].quantity', /scale of 0/],
    ['{ meter: calls, quantity: 0 }', 'plans[0].alerts[0].quantity', /more than zero/],
    ['{ meter: calls, shareOfLimit: 80% }', 'plans[0].alerts[0]', /plain decimal/],
    ['{ meter: calls, shareOfLimit: 0.8, quantity: 5 }', 'plans[0].alerts[0]', /must be/],
    ['{ meter: calls, shareOfLimit: 1.1 }', 'plans[0].alerts[0].shareOfLimit', /write 1 or less/],
    ['{ meter: users, shareOfLimit: 0.8 }', 'plans[0].alerts[0].shareOfLimit', /no limit on users/],
    ['{ meter: users, shareOfIncluded: 0.8 }', 'plans[0].alerts[0].shareOfIncluded', /no charge with includedUnits/],
    ['{ meter: calls, quantity: 5 }, { meter: calls, quantity: 5.0 }', 'plans[0].alerts[1]', /same as alerts\[0\]/],
  ])('are refused where they say nothing: %s', async (alerts, path, message) => {
    const error = await database.apply(withAlerts(alerts), { dryRun: true }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(CatalogueError);
    const [problem] = (error as CatalogueError).problems;
    expect(problem?.path).toBe(path);
    expect(problem?.message).toMatch(message);
  });

  test('are refused as a share of included units that are not units of the meter', async () => {
    const yaml = withAlerts('{ meter: calls, shareOfIncluded: 0.8 }').replace(
      'includedUnits: 500,',
      'includedUnits: 500, conversion: { divide: 60 },',
    );
    await expect(database.apply(yaml, { dryRun: true })).rejects.toThrow(
      'plans[0].alerts[0].shareOfIncluded: the included units of calls are of filtered, grouped or converted usage',
    );
  });
});
