import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { planAt } from '../../src/catalog/catalogue-snapshot.ts';
import { metersAt } from '../../src/catalog/meter-spans.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { CATALOGUE, openCatalogueDatabase } from './catalogue-fixture.ts';
import type { CatalogueDatabase } from './catalogue-fixture.ts';

const actionsOf = (changes: readonly { kind: string; key: string; action: string }[]) =>
  changes.map(({ kind, key, action }) => `${kind} ${key} ${action}`);

/** A tenant of its own limits on a meter with a dimension. */
const own = (limits: string) =>
  CATALOGUE.replace('unit: call', 'unit: call, dimensions: [project]')
    .replace('id: acme, ', 'id: own, ')
    .replace('plan: basic }', `plan: basic, limits: [${limits}] }`);

const timed = (yaml: string) => `meters: [{ key: timed, aggregation: sum${yaml} }]`;

describe('applying a catalogue', () => {
  let database: CatalogueDatabase;

  beforeAll(async () => {
    database = await openCatalogueDatabase();
  });

  afterAll(async () => {
    await database.close();
  });

  test('shows in a dry run what it would do, and does nothing', async () => {
    const dry = await database.apply(CATALOGUE, { dryRun: true });
    expect(actionsOf(dry.changes)).toEqual([
      'issuer Toll Ltd updated',
      'meter calls created',
      'plan basic created',
      'tenant acme created',
    ]);
    const snapshot = await readCatalogue(database.pool);
    expect([snapshot.version, snapshot.meters.size, snapshot.tenants.size]).toEqual([1, 0, 0]);
  });

  test('makes what the file defines, with periods, gate and partitions for the tenant', async () => {
    const result = await database.apply(CATALOGUE);
    expect(result).toMatchObject({ catalogueVersion: 2, newTenants: ['acme'] });
    const snapshot = await readCatalogue(database.pool);
    expect(snapshot.issuer).toEqual({ name: 'Toll Ltd', addressLines: [], taxIds: [] });
    expect(metersAt(snapshot, 'calls', 0)).toEqual([snapshot.meters.get('calls')]);
    const acme = snapshot.tenants.get('acme');
    expect(acme?.tenant).toMatchObject({ timeZone: 'UTC', lateWindowSeconds: 900, billTo: 'acme', paused: false });
    expect(acme?.gate).toEqual({ version: 1, sealedThroughMicros: requireInstant('2026-10-01T00:00:00Z') });
    expect(acme && planAt(acme, requireInstant('2026-11-20T00:00:00Z'))).toMatchObject({
      key: 'basic',
      version: 1,
      baseFee: '20',
      limits: [{ meter: 'calls', mode: 'hard', window: 'period', limit: '1000' }],
    });
    // One whole period is made ahead of what ingest takes now.
    expect(acme && formatInstant(acme.periodsThroughMicros)).toBe('2027-01-01T00:00:00Z');
    expect(snapshot.partitions.map(({ startMicros }) => formatInstant(startMicros))).toEqual([
      '2026-10-01T00:00:00Z',
      '2026-11-01T00:00:00Z',
      '2026-12-01T00:00:00Z',
    ]);
  });

  test('a second time changes nothing, however the numbers are spelled', async () => {
    const result = await database.apply(CATALOGUE.replace('20.00', "'20'").replace('1000', '1000.0'));
    expect(new Set(result.changes.map(({ action }) => action))).toEqual(new Set(['unchanged']));
    expect(result.catalogueVersion).toBe(2);
  });

  test('makes a new version of a changed meter from the apply on, or from the instant it names, and keeps it', async () => {
    const change = async (yaml: string, at?: string) =>
      (await database.apply(timed(yaml), at === undefined ? {} : { at })).changes[0];
    const later = '2026-11-21T00:00:00Z';
    expect(await change('')).toMatchObject({ action: 'created', details: { version: 1 } });
    expect(await change(', unit: call', later)).toMatchObject({ details: { version: 2, from: later } });
    expect(await change(', unit: call')).toMatchObject({ action: 'unchanged' });
    const from = '2026-12-01T00:00:00Z';
    expect(await change(`, unit: call, from: ${from}`)).toMatchObject({ details: { version: 3, from } });
    expect(await change(`, unit: call, from: ${from}`)).toMatchObject({ action: 'unchanged' });
    expect(await change(`, unit: call`)).toMatchObject({ action: 'unchanged' });
    expect((await readCatalogue(database.pool)).meters.get('timed')).toMatchObject({ version: 3, from });
  });

  test('makes a new version of a changed plan and leaves the tenant on its own', async () => {
    const result = await database.apply(CATALOGUE.replace('0.000003', '0.000004'));
    expect(result.changes.find(({ kind }) => kind === 'plan')).toEqual({
      kind: 'plan',
      key: 'basic',
      action: 'new_version',
      details: {
        version: 2,
        changed: [{ path: 'charges[calls].price.unitPrice', from: '0.000003', to: '0.000004' }],
        prices: [{ what: 'charge calls', before: 'calls · 0.000003 each', after: 'calls · 0.000004 each' }],
        staying: { count: 1, tenants: ['acme'] },
      },
    });
    expect(result.changes.find(({ kind }) => kind === 'tenant')).toMatchObject({
      action: 'unchanged',
      details: { plan: 'basic@1', note: 'stays on version 1; the newest is 2: set planVersion to move it' },
    });
    const acme = (await readCatalogue(database.pool)).tenants.get('acme');
    expect(acme?.plans.map(({ plan }) => plan.version)).toEqual([1]);
  });

  test('moves a tenant to the version that the file names, with the next period', async () => {
    const moved = CATALOGUE.replace('0.000003', '0.000004').replace('plan: basic', 'plan: basic, planVersion: 2');
    const result = await database.apply(moved);
    expect(result.changes.at(-1)).toMatchObject({
      action: 'updated',
      details: { plan: 'basic@2', note: 'from 2026-12-01T00:00:00Z on' },
    });
    const acme = (await readCatalogue(database.pool)).tenants.get('acme');
    const versionAt = (instant: string) => acme && planAt(acme, requireInstant(instant))?.version;
    expect(versionAt('2026-11-30T23:59:59.999999Z')).toBe(1);
    expect(versionAt('2026-12-01T00:00:00Z')).toBe(2);
    expect(actionsOf((await database.apply(moved)).changes).at(-1)).toBe('tenant acme unchanged');
  });

  test('takes a planned move back without a trace', async () => {
    await database.apply(CATALOGUE.replace('plan: basic', 'plan: basic, planVersion: 1'));
    const acme = (await readCatalogue(database.pool)).tenants.get('acme');
    expect(acme?.plans.map(({ plan }) => plan.version)).toEqual([1]);
  });

  test('does not count a tenant among those that stay when the same file moves it, or its billing is over', async () => {
    const stayingOf = async (yaml: string, at: string) =>
      (await database.apply(yaml, { dryRun: true, at })).changes.find(({ kind }) => kind === 'plan')?.details[
        'staying'
      ];
    const dearer = CATALOGUE.replace('0.000003', '0.000005');
    const now = '2026-11-22T00:00:00Z';
    expect(await stayingOf(dearer, now)).toEqual({ count: 1, tenants: ['acme'] });
    expect(await stayingOf(dearer.replace('plan: basic', 'plan: basic, planVersion: 3'), now)).toBeUndefined();
    const ended = CATALOGUE.replace('id: acme', 'id: ended').replace('key: basic', 'key: short');
    await database.apply(
      ended.replace('plan: basic', 'plan: short').replace('lateWindow', 'endsAt: 2026-11-01T00:00:00Z, lateWindow'),
    );
    const plans = ended.slice(0, ended.indexOf('tenants:')).replace('0.000003', '0.000005');
    expect(await stayingOf(plans, '2026-10-31T00:00:00Z')).toEqual({ count: 1, tenants: ['ended'] });
    expect(await stayingOf(plans, now)).toBeUndefined();
  });

  test('changes what a tenant may change', async () => {
    const result = await database.apply(
      CATALOGUE.replace('lateWindow: 15m', 'lateWindow: 1h, name: Acme Inc, paused: true'),
    );
    expect(result.changes.at(-1)?.details['changed']).toEqual(
      expect.arrayContaining([
        { path: 'lateWindowSeconds', from: 900, to: 3600 },
        { path: 'name', from: 'acme', to: 'Acme Inc' },
      ]),
    );
    const acme = (await readCatalogue(database.pool)).tenants.get('acme');
    expect(acme?.tenant).toMatchObject({ name: 'Acme Inc', paused: false });
  });

  test('keeps how a tenant is taxed, and leaves it out where the file says nothing', async () => {
    await database.apply(CATALOGUE);
    const taxesOf = async () => (await readCatalogue(database.pool)).tenants.get('acme')?.tenant;
    expect(await taxesOf()).not.toHaveProperty('taxesIncluded');
    expect(await taxesOf()).not.toHaveProperty('taxExemption');
    await database.apply(CATALOGUE.replace('lateWindow: 15m', 'taxesIncluded: true, taxExemption: Reverse charge'));
    expect(await taxesOf()).toMatchObject({ taxesIncluded: true, taxExemption: 'Reverse charge' });
    await database.apply(CATALOGUE);
    expect(await taxesOf()).not.toHaveProperty('taxesIncluded');
  });

  test('starts billing with the minute of the apply where the file names no start', async () => {
    await database.apply(
      CATALOGUE.replace('id: acme', 'id: fresh').replace('billingStart: 2026-10-01T00:00:00Z, ', ''),
    );
    const entry = (await readCatalogue(database.pool)).tenants.get('fresh');
    expect(entry?.tenant.billingStart).toBe('2026-11-20T10:30:00Z');
    const again = await database.apply(
      CATALOGUE.replace('id: acme', 'id: fresh').replace('billingStart: 2026-10-01T00:00:00Z, ', ''),
      { at: '2026-11-21T00:00:00Z' },
    );
    expect(again.changes.at(-1)?.action).toBe('unchanged');
  });

  test.each([
    ['plan: basic', 'plan: golden', '14:91 tenants[0].plan: there is no plan golden'],
    ['id: acme, currency: USD', 'id: new, currency: EUR', 'tenants[0].currency: is EUR, but plan basic is in USD'],
    ['id: acme,', 'id: new, timeZone: Mars/Base,', 'tenants[0].timeZone: Mars/Base is not an IANA time zone'],
    ['id: acme,', 'id: new, billTo: payer,', 'tenants[0].billTo: there is no tenant payer'],
    ['id: acme,', 'id: new, endsAt: 2026-09-01T00:00:00Z,', 'tenants[0].endsAt: must be after billingStart'],
    ['id: acme,', 'id: acme, timeZone: Asia/Tokyo,', 'tenants[0].timeZone: is UTC since the tenant began'],
    ['2026-10-01T', '2026-10-02T', 'tenants[0].billingStart: is 2026-10-01T00:00:00Z since the tenant began'],
    ['id: acme,', 'id: acme, endsAt: 2026-12-15T00:00:00Z,', 'tenants[0].endsAt: cannot change from open'],
    ['plan: basic', 'plan: basic, planVersion: 9', 'tenants[0].planVersion: plan basic has no version 9'],
    [
      'id: acme, currency: USD, billingStart: 2026',
      'id: new, periodLength: minute, currency: USD, billingStart: 2020',
      'at most 100000 are taken',
    ],
    ['aggregation: sum', 'aggregation: max', '4:32 meters[0].aggregation: is sum since version 1 and cannot change'],
    [
      'unit: call',
      'value: { weights: { input: 1, output: 0.5 } }',
      'meters[0].value: weighs output with 0.5, which does not fit',
    ],
    [
      'key: calls, aggregation: sum',
      'key: new, aggregation: count, value: { weights: { a: 1 } }',
      'meters[0].value: is never read',
    ],
    [
      'key: calls, aggregation: sum',
      'key: new, aggregation: unique, value: { weights: { a: 1 } }',
      'meters[0].value: must name the',
    ],
    ['unit: call', 'scale: 3', '4:44 meters[0].scale: is 0 since version 1 and cannot change'],
    ['meter: calls, price', 'meter: moons, price', 'plans[0].charges[0].meter: there is no meter moons'],
    ['limit: 1000', 'limit: 0.5', "plans[0].limits[0].limit: must fit the meter's scale of 0 digits"],
    [
      'limit: 1000',
      'limit: 1000, dimension: moon',
      'plans[0].limits[0].dimension: the meter calls has no dimension moon',
    ],
    ['limit: 1000', 'limit: 1000, window: week', 'plans[0].limits[0].window: must be period, minute, hour or day'],
    [
      'id: acme,',
      'id: acme, limits: [{ meter: moons, mode: hard, limit: 1 }],',
      'limits[0].meter: there is no meter moons',
    ],
    [
      'id: acme,',
      'id: acme, limits: [{ meter: calls, mode: hard, limit: 1 }, { meter: calls, mode: soft, limit: 2 }],',
      'tenants[0].limits[1].meter: calls is already limited by limits[0]',
    ],
    [
      'id: acme,',
      'id: acme, limits: [{ meter: calls, mode: hard, limit: 0.5 }],',
      'tenants[0].limits[0].limit: must fit',
    ],
    [
      'meter: calls, price',
      'meter: calls, filter: { region: eu }, price',
      'plans[0].charges[0].filter.region: the meter calls has',
    ],
    [
      'meter: calls, price',
      'meter: calls, groupBy: region, price',
      'plans[0].charges[0].groupBy: the meter calls has no dimension',
    ],
    [
      'meter: calls, price',
      'meter: calls, discount: { percent: 101 }, price',
      'plans[0].charges[0].discount.percent: 101 % is',
    ],
    [
      'meter: calls, price',
      'meter: calls, minimum: 9, maximum: 8, price',
      'plans[0].charges[0].maximum: 8 is below the minimum',
    ],
    [
      'model: per_unit, unitPrice: 0.000003',
      'model: volume, bands: [{ upTo: 9, unitPrice: 1 }, { upTo: 5, unitPrice: 1 }, { unitPrice: 0 }]',
      'plans[0].charges[0].price.bands[1].upTo: bands rise',
    ],
    [
      'model: per_unit, unitPrice: 0.000003',
      'model: graduated, bands: [{ upTo: 9, unitPrice: 1 }]',
      'plans[0].charges[0].price.bands[0].upTo: the last band must be open (null)',
    ],
    ['plans:', 'plans:\n  - { key: basic, currency: USD }', 'plans[1].key: basic is already defined by plans[0]'],
    [/currency: USD\n/, 'currency: EUR\n', 'plans[0].currency: is USD since version 1'],
    [
      'plans:',
      `${Array.from({ length: 100 }, (_, number) => `  - { key: more_${number}, eventType: calls, aggregation: count, unit: x }`).join('\n')}\nplans:`,
      'meters[0].eventType: 101 meters take events of type calls, at most 100 may',
    ],
  ])('refuses %s → %s with its place, and leaves everything as it was', async (from, to, line) => {
    const before = await readCatalogue(database.pool);
    await expect(database.apply(CATALOGUE.replace(from, to))).rejects.toThrow(line);
    expect(await readCatalogue(database.pool)).toEqual(before);
  });

  test("keeps a tenant's own limits, and the dimensions that some limit is on", async () => {
    const limited = own('{ meter: calls, mode: soft, limit: 2.0, window: day, dimension: project }');
    await database.apply(limited);
    const limitsOf = async () => (await readCatalogue(database.pool)).tenants.get('own')?.tenant.limits;
    const limit = { meter: 'calls', mode: 'soft', window: 'day', dimension: 'project', limit: '2' };
    expect(await limitsOf()).toEqual([limit]);
    expect(new Set((await database.apply(limited)).changes.map(({ action }) => action))).toEqual(
      new Set(['unchanged']),
    );
    await expect(database.apply(limited.replace(', dimensions: [project]', ''))).rejects.toThrow(
      'meters[0].dimensions: must keep project, whose values a plan or tenant limits',
    );
    await database.apply(own(''));
    expect(await limitsOf()).toEqual([]);
  });

  test('keeps the dimensions that some plan prices by', async () => {
    const priced = `
meters: [{ key: tasks, aggregation: sum, dimensions: [region, size, queue, spare] }]
plans:
  - key: tasks
    currency: USD
    charges:
      - { key: queue, meter: tasks, filter: { queue: fast }, groupBy: region, price: { model: per_unit, unitPrice: 1 } }
      - key: size
        meter: tasks
        price: { model: matrix, dimensions: [size], cells: [{ values: [xl], price: { model: flat, amount: 1 } }], otherwise: null }`;
    await database.apply(priced);
    const meters = priced.slice(0, priced.indexOf('plans:'));
    await expect(database.apply(meters.replace('region, size, queue, ', ''))).rejects.toThrow(
      'meters[0].dimensions: must keep queue, region, size, by whose values a plan or tenant prices',
    );
    const [change] = (await database.apply(meters.replace(', spare', ''))).changes;
    expect(change).toMatchObject({ action: 'new_version' });
  });

  test('of the examples folder makes three tenants on three plans', async () => {
    const example = readFileSync('examples/catalog.yaml', 'utf8');
    expect((await database.apply(example)).newTenants).toEqual(['tinkerer', 'rocketship', 'everest']);
    const snapshot = await readCatalogue(database.pool);
    const everest = snapshot.tenants.get('everest');
    expect(everest?.tenant).toMatchObject({ timeZone: 'Asia/Kathmandu', periodLength: 'minute', lateWindowSeconds: 8 });
    expect(new Set((await database.apply(example)).changes.map(({ action }) => action))).toEqual(
      new Set(['unchanged']),
    );
  });

  test('of the example with every price makes its plans, and nothing the second time', async () => {
    const example = readFileSync('examples/every-price.yaml', 'utf8');
    expect((await database.apply(example)).newTenants).toEqual(['hobbyist', 'enterprise']);
    const models = [...(await readCatalogue(database.pool)).planVersions.values()]
      .flatMap(({ charges }) => charges)
      .map(({ price }) => price.model);
    expect(new Set(models).size).toBe(11);
    expect(new Set((await database.apply(example)).changes.map(({ action }) => action))).toEqual(
      new Set(['unchanged']),
    );
  });

  test('applied by two at once makes one version', async () => {
    const changed = CATALOGUE.replace('20.00', '21.00');
    const results = await Promise.all([database.apply(changed), database.apply(changed)]);
    const actions = results.map(({ changes }) => changes.find(({ kind }) => kind === 'plan')?.action);
    expect(new Set(actions)).toEqual(new Set(['new_version', 'unchanged']));
  });
});
