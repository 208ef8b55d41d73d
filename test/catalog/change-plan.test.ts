import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { ChangeAt } from '../../src/catalog/change-instant.ts';
import { changePlan, type PlanChangeOrder } from '../../src/catalog/change-plan.ts';
import type { ChangeRefusedError } from '../../src/catalog/change-refused-error.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { sealPeriod } from '../../src/ledger/seal-period.ts';
import { eventually } from '../support/api-calls.ts';
import { AT, openCatalogueDatabase, type CatalogueDatabase } from './catalogue-fixture.ts';

const NOW = requireInstant(AT);
const NOW_TEXT = formatInstant(NOW);

/** One tenant for each test. */
const TENANTS = [
  'closing',
  'now',
  'next',
  'again',
  'planned',
  'sealed',
  'early',
  'future',
  'ended',
  'file',
  'dollars',
  'replaced',
];

const YAML = `
issuer: { name: Toll Ltd }
meters: [{ key: calls, aggregation: sum, unit: call }]
plans:
  - { key: small, currency: USD, charges: [] }
  - { key: large, currency: USD, charges: [] }
  - { key: euro, currency: EUR, charges: [] }
tenants:
${TENANTS.map((id) => {
  const start = id === 'future' ? '2027-01-01T00:00:00Z' : '2026-10-01T00:00:00Z';
  const end = id === 'ended' ? ', endsAt: 2026-12-01T00:00:00Z' : '';
  return `  - { id: ${id}, currency: USD, billingStart: ${start}, plan: small${end} }`;
}).join('\n')}
`;

describe('changing a tenant’s plan', () => {
  let database: CatalogueDatabase;

  beforeAll(async () => {
    database = await openCatalogueDatabase();
    await database.apply(YAML);
    await database.apply(YAML.replace('key: large, currency: USD', 'key: large, currency: USD, baseFee: 5'));
  });

  afterAll(async () => {
    await database.close();
  });

  const change = (tenant: string, planKey: string, at: ChangeAt, more: Partial<PlanChangeOrder> = {}) =>
    inTransaction(database.pool, (client) => changePlan(client, { tenant, planKey, at, ...more }, NOW));

  async function timeline(tenant: string): Promise<readonly string[]> {
    const entry = (await readCatalogue(database.pool)).tenants.get(tenant);
    return (entry?.plans ?? []).map(({ plan, fromMicros, toMicros }) => {
      const end = toMicros === null ? '-' : formatInstant(toMicros);
      return `${plan.key}@${plan.version} ${formatInstant(fromMicros)} ${end}`;
    });
  }

  test('takes effect at once, under the newest version, and every process hears of it', async () => {
    const { version } = await readCatalogue(database.pool);
    const changed = await change('now', 'large', 'now');
    expect(changed).toMatchObject({ catalogueVersion: version + 1, isUnchanged: false, before: { key: 'small' } });
    expect(await timeline('now')).toEqual([`small@1 2026-10-01T00:00:00Z ${NOW_TEXT}`, `large@2 ${NOW_TEXT} -`]);
  });

  test('takes effect with the next period, under the version that is named', async () => {
    await change('next', 'large', 'period_end', { planVersion: 1 });
    expect(await timeline('next')).toEqual([
      'small@1 2026-10-01T00:00:00Z 2026-12-01T00:00:00Z',
      'large@1 2026-12-01T00:00:00Z -',
    ]);
    const again = await change('next', 'large', 'period_end', { planVersion: 1 });
    expect(again).toMatchObject({ isUnchanged: true, dropped: [] });
  });

  test('said a second time changes nothing', async () => {
    await change('again', 'large', 'now');
    const { catalogueVersion } = await change('again', 'large', 'now');
    const before = await timeline('again');
    const again = await change('again', 'large', requireInstant('2026-11-25T00:00:00Z'));
    expect(again).toMatchObject({ isUnchanged: true, catalogueVersion });
    expect(await timeline('again')).toEqual(before);
  });

  test('names what it takes the place of, also where that holds already', async () => {
    await change('replaced', 'large', requireInstant('2026-11-10T00:00:00Z'));
    const changed = await change('replaced', 'large', requireInstant('2026-11-05T00:00:00Z'), { planVersion: 1 });
    expect(changed.dropped.map(({ plan, fromMicros }) => [plan.version, formatInstant(fromMicros)])).toEqual([
      [2, '2026-11-10T00:00:00Z'],
    ]);
    expect((await timeline('replaced')).at(-1)).toBe('large@1 2026-11-05T00:00:00Z -');
  });

  test('replaces what was planned for later, and going back leaves no trace of it', async () => {
    await change('planned', 'large', 'period_end');
    const changed = await change('planned', 'small', 'now');
    expect(changed.dropped.map(({ plan }) => plan.key)).toEqual(['large']);
    expect(await timeline('planned')).toEqual(['small@1 2026-10-01T00:00:00Z -']);
  });

  test('is refused in a period that is sealed, and taken in one that is over and still open', async () => {
    await database.pool.query(`update gate set sealed_through = '2026-11-01T00:00:00Z' where tenant = 'sealed'`);
    await expect(change('sealed', 'large', requireInstant('2026-10-31T23:59:59.999999Z'))).rejects.toMatchObject({
      refusal: 'period_sealed',
      message: expect.stringContaining('2026-11-01T00:00:00Z') as string,
    });
    await change('sealed', 'large', requireInstant('2026-11-01T00:00:00Z'));
    expect((await timeline('sealed')).at(-1)).toBe('large@2 2026-11-01T00:00:00Z -');
    await change('early', 'large', requireInstant('2026-10-05T12:34:56.789Z'));
    expect((await timeline('early')).at(-1)).toBe('large@2 2026-10-05T12:34:56.789000Z -');
  });

  test('waits for a seal that is under way, and is refused when it was made', async () => {
    const october = requireInstant('2026-10-01T00:00:00Z');
    let refused: Promise<unknown> = Promise.resolve();
    await inTransaction(database.pool, async (client) => {
      await sealPeriod(client, { tenant: 'closing', periodStart: october });
      refused = change('closing', 'large', requireInstant('2026-10-20T00:00:00Z')).then(
        () => 'changed',
        (error: unknown) => (error as ChangeRefusedError).refusal,
      );
      await eventually(isSomebodyWaiting, 10_000, 'the change waits for the gate');
    });
    expect(await refused).toBe('period_sealed');
    expect(await timeline('closing')).toHaveLength(1);
  });

  async function isSomebodyWaiting(): Promise<true | undefined> {
    const waiting = `
select from pg_locks join pg_stat_activity activity using (pid)
where not pg_locks.granted and activity.datname = current_database()`;
    return (await database.pool.query(waiting)).rowCount === 0 ? undefined : true;
  }

  test('of a tenant whose billing has not begun holds from its beginning', async () => {
    await change('future', 'large', 'now');
    expect(await timeline('future')).toEqual(['large@2 2027-01-01T00:00:00Z -']);
  });

  test.each([
    ['behind the end of its billing', 'ended', 'large', 'period_end', 'tenant_ended'],
    ['before its beginning', 'next', 'large', requireInstant('2026-09-30T00:00:00Z'), 'before_start'],
    ['to a plan that is not there', 'next', 'huge', 'now', 'unknown_plan'],
    ['to a plan of another currency', 'dollars', 'euro', 'now', 'currency_mismatch'],
    ['of nobody', 'nobody', 'large', 'now', 'unknown_tenant'],
  ] as const)('is refused %s', async (_why, tenant, planKey, at, refusal) => {
    await expect(change(tenant, planKey, at)).rejects.toMatchObject({ refusal });
  });

  test('is not undone by a file that says what it said before, and is by one that says something else', async () => {
    await change('file', 'large', 'now');
    const made = await timeline('file');
    await database.apply(YAML);
    expect(await timeline('file')).toEqual(made);
    await database.apply(YAML.replace('{ id: file, currency: USD,', '{ id: file, currency: USD, planVersion: 1,'));
    expect((await timeline('file')).at(-1)).toBe('small@1 2026-12-01T00:00:00Z -');
  });
});
