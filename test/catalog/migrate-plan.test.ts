import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { changePlan } from '../../src/catalog/change-plan.ts';
import { changeQuantity } from '../../src/catalog/change-quantity.ts';
import { migratePlan, type MigrationPage } from '../../src/catalog/migrate-plan.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { AT, openCatalogueDatabase, type CatalogueDatabase } from './catalogue-fixture.ts';

const NOW = requireInstant(AT);
const MONTH_END = '2026-12-01T00:00:00Z';

const YAML = `
issuer: { name: Toll Ltd }
plans:
  - { key: basic, currency: USD, charges: [] }
  - key: team
    currency: USD
    charges: []
    fixedQuantities: [{ key: seats, unit: seat, price: { model: per_unit, unitPrice: 29 } }]
tenants:
${['a', 'b', 'c', 'leaving', 'other']
  .map(
    (id) =>
      `  - { id: ${id}, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: ${id === 'other' ? 'team' : 'basic'} }`,
  )
  .join('\n')}
  - { id: ended, currency: USD, billingStart: 2026-10-01T00:00:00Z, endsAt: 2026-11-10T00:00:00Z, plan: basic }
  - { id: seated, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: team, quantities: { seats: 5 } }
`;

describe('tenants on older versions', () => {
  let database: CatalogueDatabase;

  beforeAll(async () => {
    database = await openCatalogueDatabase();
    await database.apply(YAML);
    await inTransaction(database.pool, (client) =>
      changePlan(client, { tenant: 'leaving', planKey: 'team', at: requireInstant('2026-12-15T00:00:00Z') }, NOW),
    );
    await database.apply(YAML.replace('basic, currency: USD', 'basic, currency: USD, baseFee: 5'));
  });

  afterAll(async () => {
    await database.close();
  });

  const migrate = (page: MigrationPage, at: 'period_end' | number = 'period_end') =>
    inTransaction(database.pool, (client) => migratePlan(client, { planKey: 'basic', toVersion: 2, at }, NOW, page));

  async function timeline(tenant: string): Promise<readonly string[]> {
    const entry = (await readCatalogue(database.pool)).tenants.get(tenant);
    return (entry?.plans ?? []).map(({ plan, fromMicros, toMicros }) => {
      const end = toMicros === null ? '-' : formatInstant(toMicros);
      return `${plan.key}@${plan.version} ${formatInstant(fromMicros)} ${end}`;
    });
  }

  test('are moved page by page, keep what is planned behind, and are not found a second time', async () => {
    const first = await migrate({ after: null, limit: 2 });
    expect(first).toMatchObject({ hasMore: true, steps: [{ tenant: 'a', fromVersion: 1 }, { tenant: 'b' }] });
    const second = await migrate({ after: 'b', limit: 100 });
    expect(second.steps.map(({ tenant }) => tenant)).toEqual(['c', 'leaving']);
    expect(second.hasMore).toBe(false);
    expect(await timeline('a')).toEqual([`basic@1 2026-10-01T00:00:00Z ${MONTH_END}`, `basic@2 ${MONTH_END} -`]);
    expect(await timeline('leaving')).toEqual([
      `basic@1 2026-10-01T00:00:00Z ${MONTH_END}`,
      `basic@2 ${MONTH_END} 2026-12-15T00:00:00Z`,
      'team@1 2026-12-15T00:00:00Z -',
    ]);
    expect(await timeline('other')).toEqual(['team@1 2026-10-01T00:00:00Z -']);
    const again = await migrate({ after: null, limit: 100 });
    expect(again).toMatchObject({ steps: [], hasMore: false, catalogueVersion: second.catalogueVersion });
  });

  test('stay where a period is sealed, with the reason', async () => {
    await database.pool.query(`update gate set sealed_through = '2026-11-01T00:00:00Z' where tenant = 'a'`);
    const { steps } = await migrate({ after: null, limit: 100 }, requireInstant('2026-10-20T00:00:00Z'));
    // Under the older version until December, of which November is not billed yet.
    expect(steps.map(({ tenant, refused }) => [tenant, refused])).toEqual([
      ['a', expect.stringContaining('through 2026-11-01T00:00:00Z are sealed and billed')],
      ['b', null],
      ['c', null],
      ['ended', null],
      ['leaving', null],
    ]);
    expect(await timeline('b')).toEqual([
      'basic@1 2026-10-01T00:00:00Z 2026-10-20T00:00:00Z',
      `basic@2 2026-10-20T00:00:00Z ${MONTH_END}`,
      `basic@2 ${MONTH_END} -`,
    ]);
  });

  test('a fixed quantity changes at an instant, once, and is refused where the plan has no such thing', async () => {
    const hold = (tenant: string, name: string, quantity: string, at: 'now' | 'period_end' = 'now') =>
      inTransaction(database.pool, (client) => changeQuantity(client, { tenant, name, quantity, at }, NOW));
    expect(await hold('seated', 'seats', '7')).toMatchObject({ before: '5', after: '7', isUnchanged: false });
    expect(await hold('seated', 'seats', '7.0')).toMatchObject({ isUnchanged: true });
    expect(await hold('seated', 'seats', '3', 'period_end')).toMatchObject({ before: '7' });
    const held = (await readCatalogue(database.pool)).tenants.get('seated')?.quantities;
    expect(
      held?.map(({ quantity, toMicros }) => [quantity, toMicros === null ? null : formatInstant(toMicros)]),
    ).toEqual([
      ['5', formatInstant(NOW)],
      ['7', MONTH_END],
      ['3', null],
    ]);
    await expect(hold('a', 'seats', '1')).rejects.toMatchObject({ refusal: 'unknown_quantity' });
  });

  test('are not named where the older version is in sealed periods alone', async () => {
    await database.pool.query(`update gate set sealed_through = '${MONTH_END}' where tenant = 'a'`);
    const { steps } = await migrate({ after: null, limit: 1 }, requireInstant('2026-10-05T00:00:00Z'));
    expect(steps[0]?.tenant).toBe('b');
  });
});
