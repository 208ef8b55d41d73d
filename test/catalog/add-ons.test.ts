import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CatalogueError } from '../../src/catalog/catalogue-problem.ts';
import { changeAddOn } from '../../src/catalog/change-add-on.ts';
import type { ChangeRefusedError } from '../../src/catalog/change-refused-error.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { sealPeriod } from '../../src/ledger/seal-period.ts';
import { eventually } from '../support/api-calls.ts';
import { AT, openCatalogueDatabase, type CatalogueDatabase } from './catalogue-fixture.ts';

const NOW = requireInstant(AT);
const OCTOBER = '2026-10-01T00:00:00Z';

const YAML = `
issuer: { name: Toll Ltd }
meters: [{ key: calls, aggregation: sum, unit: call }, { key: storage, aggregation: sum, unit: GB }]
plans:
  - { key: small, currency: USD, charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 1 } }] }
  - { key: big, currency: USD, charges: [{ key: storage, meter: storage, price: { model: per_unit, unitPrice: 1 } }] }
  - key: archive
    addOn: true
    currency: USD
    baseFee: 5
    charges: [{ key: storage, meter: storage, price: { model: per_unit, unitPrice: 2 } }]
  - { key: euros, addOn: true, currency: EUR }
tenants:
  - id: acme
    currency: USD
    billingStart: ${OCTOBER}
    plan: small
    addOns: [archive]
    prices: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.5 } }]
  - { id: closing, currency: USD, billingStart: ${OCTOBER}, plan: small }
`;

describe('add-ons and private prices of the catalogue', () => {
  let database: CatalogueDatabase;

  beforeAll(async () => {
    database = await openCatalogueDatabase();
    await database.apply(YAML);
  });

  afterAll(async () => {
    await database.close();
  });

  /** What is wrong with the file, each problem as `path: message`. */
  async function problemsOf(yaml: string): Promise<readonly string[]> {
    const error = await database.apply(yaml, { dryRun: true }).then(
      () => undefined,
      (refused: unknown) => refused,
    );
    if (!(error instanceof CatalogueError)) return [];
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }

  test('gives a new tenant its add-ons and prices from its billing start on, and says so', async () => {
    const entry = (await readCatalogue(database.pool)).tenants.get('acme');
    expect(entry?.addOns).toMatchObject([
      { plan: { key: 'archive', version: 1, addOn: true }, fromMicros: requireInstant(OCTOBER), toMicros: null },
    ]);
    expect(entry?.prices).toMatchObject([{ charge: { key: 'calls' }, fromMicros: requireInstant(OCTOBER) }]);
    const another = await database.apply(YAML.replaceAll('id: acme', 'id: other'), { dryRun: true });
    const created = another.changes.find(({ key }) => key === 'other');
    expect(created).toMatchObject({ action: 'created', details: { addOns: ['archive@1'], prices: ['calls'] } });
  });

  test('applied again changes nothing, also when it says something else of what a known tenant holds', async () => {
    const again = await database.apply(YAML);
    expect(again.changes.filter(({ action }) => action !== 'unchanged')).toEqual([]);
    const without = await database.apply(YAML.replace('    addOns: [archive]\n', ''));
    expect(without.changes.filter(({ action }) => action !== 'unchanged')).toEqual([]);
    expect((await readCatalogue(database.pool)).tenants.get('acme')?.addOns).toHaveLength(1);
  });

  test('keeps the dimensions that a price of a tenant’s own looks at: usage without them would be on no bill', async () => {
    const visits = 'meters: [{ key: visits, aggregation: sum, unit: visit, dimensions: [region] }]';
    const filtered = '{ key: visits, meter: visits, filter: { region: eu }, price: { model: per_unit, unitPrice: 1 } }';
    const tenant = `{ id: filtered, currency: USD, billingStart: ${OCTOBER}, plan: small, prices: [${filtered}] }`;
    await database.apply(`${visits}\ntenants: [${tenant}]`);
    expect(await problemsOf(visits.replace(', dimensions: [region]', ''))).toEqual([
      'meters[0].dimensions: must keep region, by whose values a plan or tenant prices',
    ]);
  });

  test('refuses more add-ons and prices than a command would give', async () => {
    const prices = Array.from({ length: 1_001 }, (_, place) => {
      return `{ key: c${place}, meter: calls, price: { model: per_unit, unitPrice: 1 } }`;
    });
    const addOns = Array.from({ length: 101 }, (_, place) => `archive${place}`).join(', ');
    const problems = await problemsOf(
      `tenants: [{ id: much, currency: USD, billingStart: ${OCTOBER}, plan: small, addOns: [${addOns}], prices: [${prices.join(', ')}] }]`,
    );
    expect(problems.filter((problem) => problem.includes('at most'))).toEqual([
      'tenants[0].addOns: 101 add-ons; at most 100 are allowed: put some of them together',
      'tenants[0].prices: 1001 prices of its own; at most 1000 are allowed: define a plan for it',
    ]);
  });

  test('refuses a quantity of a new tenant that neither its plan nor an add-on has: it would never be charged', async () => {
    const price = 'price: { model: per_unit, unitPrice: 1 }';
    const plans = `plans: [{ key: vaults, addOn: true, currency: USD, fixedQuantities: [{ key: vaults, ${price} }] }]`;
    const tenant = `{ id: held, currency: USD, billingStart: ${OCTOBER}, plan: small, addOns: [vaults], quantities: { vaults: 2 } }`;
    expect(await problemsOf(`${plans}\ntenants: [${tenant}]`)).toEqual([]);
    expect(await problemsOf(`${plans}\ntenants: [${tenant.replace('vaults: 2', 'vaults: 2, seats: 3')}]`)).toEqual([
      'tenants[0].quantities.seats: what it holds (small@1, vaults@1) has no fixed quantity seats; it has vaults',
    ]);
    // What a known tenant holds is moved by commands: an old file is no problem.
    expect(await problemsOf(YAML.replace('plan: small\n', 'plan: small\n    quantities: { seats: 3 }\n'))).toEqual([]);
  });

  test('names the tenants that stay on the earlier version of an add-on', async () => {
    const { changes } = await database.apply(YAML.replace('baseFee: 5', 'baseFee: 6'), { dryRun: true });
    expect(changes.find(({ key }) => key === 'archive')).toMatchObject({
      action: 'new_version',
      details: { staying: { count: 1, tenants: ['acme'] } },
    });
  });

  const FRESH = YAML.replaceAll('key: archive', 'key: fresh').replace('addOns: [archive]', 'addOns: [fresh]');

  test.each([
    ['limits', 'limits: [{ meter: storage, mode: hard, limit: 1 }]', 'none of its own'],
    ['alerts', 'alerts: [{ meter: storage, quantity: 1 }]', 'none of its own'],
    ['commitment', 'commitment: { amount: 1 }', 'none of its own'],
    ['minimum', 'minimum: 1', 'none of its own'],
    ['maximum', 'maximum: 1', 'none of its own'],
    ['boundsCover', 'boundsCover: charges_and_base_fee', 'none of its own'],
    ['baseFeeDue', 'baseFeeDue: advance', 'add baseFeeEvery'],
  ])('refuses an add-on with %s', async (field, yaml, reason) => {
    const problems = await problemsOf(FRESH.replace('    baseFee: 5\n', `    baseFee: 5\n    ${yaml}\n`));
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^plans\\[2\\]\\.${field}.*: .*${reason}`))]);
  });

  test('takes a base fee of an add-on that is billed ahead by a cadence of its own', async () => {
    const yearly = FRESH.replace('baseFee: 5', 'baseFee: 5\n    baseFeeEvery: year\n    baseFeeDue: advance');
    expect(await problemsOf(yearly)).toEqual([]);
  });

  test.each([
    [
      'that a plan becomes an add-on',
      YAML.replace('key: big,', 'key: big, addOn: true,'),
      'plans[1].addOn: big is no add-on since version 1',
    ],
    [
      'that an add-on becomes a plan',
      YAML.replace('    addOn: true\n', ''),
      'plans[2].addOn: archive is an add-on since version 1',
    ],
    [
      'a tenant whose plan is an add-on',
      YAML.replace('plan: small\n', 'plan: euros\n'),
      'tenants[0].plan: euros is an add-on',
    ],
    ['an add-on that is a plan', YAML.replace('[archive]', '[big]'), 'tenants[0].addOns[0]: big is no add-on'],
    [
      'an add-on that is not there',
      YAML.replace('[archive]', '[nothing]'),
      'tenants[0].addOns[0]: there is no plan nothing',
    ],
    [
      'an add-on twice',
      YAML.replace('[archive]', '[archive, archive@1]'),
      'tenants[0].addOns[1]: archive is already named',
    ],
    ['an add-on in another currency', YAML.replace('[archive]', '[euros]'), 'tenants[0].addOns[0]: euros is in EUR'],
    ['an unreadable name', YAML.replace('[archive]', '[Archive!]'), 'must be the key of an add-on, or KEY@VERSION'],
    ['a price that cannot be', YAML.replace('unitPrice: 0.5', 'unitPrice: -1'), 'tenants[0].prices[0].price.unitPrice'],
    [
      'a price on no meter',
      YAML.replace(
        'key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.5',
        'key: calls, meter: none, price: { model: per_unit, unitPrice: 0.5',
      ),
      'tenants[0].prices[0].meter: there is no meter none',
    ],
  ])('refuses %s', async (_, yaml, reason) => {
    expect((await problemsOf(yaml)).join('\n')).toContain(reason);
  });

  test('refuses versions that are not there, and keys that two things of a new tenant would have', async () => {
    const other = YAML.replaceAll('id: acme', 'id: other');
    expect(await problemsOf(other.replace('[archive]', '[archive@7]'))).toEqual([
      'tenants[0].addOns[0]: plan archive has no version 7; its newest is 1',
    ]);
    expect(await problemsOf(other.replace('plan: small\n', 'plan: big\n'))).toEqual([
      'tenants[0].addOns: big@1 and archive@1 both have storage: give it another key in one of them',
    ]);
  });

  test('refuses to move a tenant to a plan that has the charge of an add-on of it', async () => {
    expect((await problemsOf(YAML.replace('plan: small\n', 'plan: big\n'))).join('\n')).toContain(
      'tenants[0].plan: big@1 and archive@1 would both have storage from 2026-12-01T00:00:00Z on',
    );
  });

  test('waits for a seal that is under way, and is refused when it was made', async () => {
    const order = {
      tenant: 'closing',
      planKey: 'archive',
      at: requireInstant('2026-10-15T00:00:00Z'),
      action: 'add' as const,
    };
    let refused: Promise<unknown> = Promise.resolve();
    await inTransaction(database.pool, async (client) => {
      await sealPeriod(client, { tenant: 'closing', periodStart: requireInstant(OCTOBER) });
      refused = inTransaction(database.pool, (other) => changeAddOn(other, order, NOW)).then(
        () => 'changed',
        (error: unknown) => (error as ChangeRefusedError).refusal,
      );
      await eventually(isSomebodyWaiting, 10_000, 'the change waits for the gate');
    });
    expect(await refused).toBe('period_sealed');
    expect((await readCatalogue(database.pool)).tenants.get('closing')?.addOns).toEqual([]);
  });

  async function isSomebodyWaiting(): Promise<true | undefined> {
    const waiting = `
select from pg_locks join pg_stat_activity activity using (pid)
where not pg_locks.granted and activity.datname = current_database()`;
    return (await database.pool.query(waiting)).rowCount === 0 ? undefined : true;
  }

  function change(action: 'add' | 'remove', at: string, until?: string): Promise<unknown> {
    const order = { tenant: 'acme', planKey: 'archive', at: requireInstant(at), action };
    const whole = until === undefined ? order : { ...order, untilMicros: requireInstant(until) };
    return inTransaction(database.pool, (client) => changeAddOn(client, whole, NOW));
  }

  async function spans(): Promise<readonly string[] | undefined> {
    return (await readCatalogue(database.pool)).tenants.get('acme')?.addOns.map(({ fromMicros, toMicros }) => {
      return `${formatInstant(fromMicros)} ${toMicros === null ? '' : formatInstant(toMicros)}`;
    });
  }

  test('keeps what was held until a change, whatever is planned behind it', async () => {
    await change('remove', '2026-12-01T00:00:00Z');
    await change('add', '2027-02-01T00:00:00Z', '2027-03-01T00:00:00Z');
    expect(await spans()).toEqual([`${OCTOBER} 2026-12-01T00:00:00Z`, '2027-02-01T00:00:00Z 2027-03-01T00:00:00Z']);
    await change('add', '2026-12-01T00:00:00Z');
    expect(await spans()).toEqual([`${OCTOBER} `]);
  });
});
