import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { changeAnchor } from '../../src/catalog/change-anchor.ts';
import type { TenantEntry } from '../../src/catalog/catalogue-snapshot.ts';
import type { AnchorOrder } from '../../src/catalog/plan-anchor-change.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { periodAt } from '../../src/domain/period.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { ensurePeriods, readPeriods } from '../../src/ledger/periods.ts';
import { sealPeriod } from '../../src/ledger/seal-period.ts';
import { eventually } from '../support/api-calls.ts';
import { AT, openCatalogueDatabase, type CatalogueDatabase } from './catalogue-fixture.ts';

/** 20 November 2026, 10:30:15.5. */
const NOW = requireInstant(AT);

/** One tenant for each test: billed on the 17th, from September on, unless it says otherwise. */
const TENANTS: Readonly<Record<string, string>> = {
  first: '',
  yearly: '',
  again: '',
  planned: '',
  later: '',
  sealed: '',
  raced: '',
  booked: '',
  close: '',
  kept: '',
  'from-file': '',
  minutes: 'billingStart: 2026-11-20T10:00:00Z, periodLength: minute',
  future: 'billingStart: 2027-01-17T00:00:00Z',
  ended: 'billingStart: 2026-09-17T00:00:00Z, endsAt: 2026-12-01T00:00:00Z',
  kathmandu: 'billingStart: 2026-09-17T00:00:00+05:45, timeZone: Asia/Kathmandu',
};

const YAML = `
issuer: { name: Toll Ltd }
meters: [{ key: calls, aggregation: sum, unit: call }]
plans: [{ key: small, currency: USD, charges: [] }]
tenants:
${Object.entries(TENANTS)
  .map(([id, more]) => `  - { id: ${id}, currency: USD, plan: small, ${more || 'billingStart: 2026-09-17T00:00:00Z'} }`)
  .join('\n')}
`;

/** A period by the anchor of a test, in the form of `rows`. */
const FOURTH = '4 2026-12-17T00:03:00Z 2027-01-17T00:03:00Z';
const THE_FIRST = '2027-01-01T00:00:00Z';

describe('changing what a tenant’s periods are counted from', () => {
  let database: CatalogueDatabase;

  beforeAll(async () => {
    database = await openCatalogueDatabase();
    await database.apply(YAML);
  });

  afterAll(async () => {
    await database.close();
  });

  const change = (tenant: string, order: Partial<AnchorOrder> = {}, now = NOW) =>
    inTransaction(database.pool, (client) => changeAnchor(client, { tenant, anchor: THE_FIRST, ...order }, now));

  async function entryOf(tenant: string): Promise<TenantEntry> {
    const entry = (await readCatalogue(database.pool)).tenants.get(tenant);
    if (entry === undefined) throw new Error('the tenant is not there');
    return entry;
  }

  /** Rows as the ledger has them, from the third on. */
  async function rows(tenant: string): Promise<readonly string[]> {
    const periods = await readPeriods(database.pool, tenant, { from: NOW });
    return periods.map(({ ordinal, startMicros, endMicros }) =>
      [ordinal, formatInstant(startMicros), formatInstant(endMicros)].join(' ').replaceAll('T00:00:00Z', ''),
    );
  }

  test('replaces the periods that were made ahead, from the end of the open one on', async () => {
    const { version } = await readCatalogue(database.pool);
    expect(await rows('first')).toEqual(['2 2026-11-17 2026-12-17', '3 2026-12-17 2027-01-17']);
    const changed = await change('first');
    expect(changed).toMatchObject({
      isUnchanged: false,
      catalogueVersion: version + 1,
      before: { anchor: '2026-09-17T00:00:00Z', length: 'month' },
      change: { ordinal: 3, startsAt: '2026-12-17T00:00:00Z', anchor: THE_FIRST, length: 'month' },
    });
    expect(await rows('first')).toEqual(['2 2026-11-17 2026-12-17', '3 2026-12-17 2027-01-01']);
    const { calendar, periodsThroughMicros } = await entryOf('first');
    expect(calendar).toEqual(changed.calendar);
    expect(periodsThroughMicros).toBe(requireInstant(THE_FIRST));
    const december = requireInstant('2026-12-20T00:00:00Z');
    await inTransaction(database.pool, (client) => ensurePeriods(client, 'first', calendar, december));
    expect((await rows('first')).slice(1)).toEqual(['3 2026-12-17 2027-01-01', '4 2027-01-01 2027-02-01']);
  });

  test('may change the length, in the tenant’s own zone', async () => {
    await change('yearly', { anchor: '2025-03-31T00:00:00Z', length: 'year' });
    expect((await rows('yearly')).at(-1)).toBe('3 2026-12-17 2027-03-31');
    // Midnight in Kathmandu is 18:15 in UTC, a day earlier.
    await change('kathmandu', { anchor: '2026-12-31T18:15:00Z' });
    expect((await rows('kathmandu')).at(-1)).toBe('3 2026-12-16T18:15:00Z 2026-12-31T18:15:00Z');
  });

  test('said a second time changes nothing', async () => {
    await change('again');
    const before = await rows('again');
    const { catalogueVersion } = await change('again');
    expect(await change('again', { anchor: '2027-01-01T01:00:00+01:00' })).toMatchObject({
      isUnchanged: true,
      catalogueVersion,
    });
    expect(await rows('again')).toEqual(before);
    expect((await entryOf('again')).calendar.changes).toHaveLength(1);
  });

  test('replaces what was planned for later, and going back has no shorter period', async () => {
    await change('planned', { from: requireInstant('2027-02-17T00:00:00Z') });
    const earlier = await change('planned', { anchor: '2026-11-25T00:00:00Z' });
    expect(earlier.dropped).toMatchObject([{ startsAt: '2027-02-17T00:00:00Z' }]);
    expect((await rows('planned')).at(-1)).toBe('3 2026-12-17 2026-12-25');
    await change('planned', { anchor: '2026-09-17T00:00:00Z' });
    expect((await rows('planned')).at(-1)).toBe('3 2026-12-17 2027-01-17');
    expect((await entryOf('planned')).calendar.changes).toMatchObject([{ startsAt: '2026-12-17T00:00:00Z' }]);
  });

  test('from a boundary whose periods are not made yet changes no row', async () => {
    const before = await rows('later');
    await change('later', { from: requireInstant('2027-02-17T00:00:00Z') });
    expect(await rows('later')).toEqual(before);
    const { calendar } = await entryOf('later');
    expect(periodAt(calendar, requireInstant('2027-02-20T00:00:00Z'))?.endMicros).toBe(
      requireInstant('2027-03-01T00:00:00Z'),
    );
  });

  test('of minutes holds from where no event can be on its way', async () => {
    const refused = change('minutes', { length: 'hour', from: requireInstant('2026-11-20T10:31:00Z') });
    // Until 10:37:15.5 events may come that were booked by the calendar as it is: 10:37 to 10:38 is the same by both.
    await expect(refused).rejects.toMatchObject({
      refusal: 'boundary_too_near',
      message: expect.stringContaining('choose 2026-11-20T10:37:00Z') as string,
    });
    const changed = await change('minutes', { length: 'hour' });
    expect(changed.change).toMatchObject({ ordinal: 37, startsAt: '2026-11-20T10:37:00Z' });
    const { calendar } = await entryOf('minutes');
    const later = requireInstant('2026-11-20T10:35:00Z');
    await inTransaction(database.pool, (client) => ensurePeriods(client, 'minutes', calendar, later));
    expect((await rows('minutes')).slice(-3, -1)).toEqual([
      '36 2026-11-20T10:36:00Z 2026-11-20T10:37:00Z',
      '37 2026-11-20T10:37:00Z 2026-11-20T11:00:00Z',
    ]);
    expect(await change('minutes', { length: 'hour' })).toMatchObject({ isUnchanged: true });
  });

  test('leaves out a boundary behind which an event that is on its way would lie elsewhere', async () => {
    // Until 00:03 an event is in the period from 00:00 by both calendars; at 23:56 one of 00:01 may come, and be counted until 23:58.
    const anchor = '2026-12-17T00:03:00Z';
    const late = await change('close', { anchor }, requireInstant('2026-12-16T23:56:00.000001Z'));
    expect(late.change.startsAt).toBe('2027-01-17T00:00:00Z');
    const inTime = await change('close', { anchor }, requireInstant('2026-12-16T23:56:00Z'));
    expect(inTime).toMatchObject({ change: { startsAt: '2026-12-17T00:00:00Z' }, dropped: [late.change] });
    expect((await rows('close')).slice(1)).toEqual(['3 2026-12-17 2026-12-17T00:03:00Z', FOURTH]);
  });

  test('is kept for ever, also when another takes its place', async () => {
    await change('kept');
    await change('kept', { anchor: '2026-11-25T00:00:00Z' });
    const { rows: kept } = await database.pool.query("select anchor from calendar_change where tenant = 'kept'");
    expect(kept).toHaveLength(2);
    for (const statement of ['delete from calendar_change', 'update calendar_change set ordinal = 9']) {
      await expect(database.pool.query(statement)).rejects.toThrow(/permission denied|is refused/);
    }
  });

  test('of a tenant whose billing has not begun holds from its beginning', async () => {
    await change('future');
    expect((await rows('future'))[0]).toBe('0 2027-01-17 2027-02-01');
  });

  test('a process that has the calendar as it was makes no period by it', async () => {
    const { calendar } = await entryOf('raced');
    const december = requireInstant('2026-12-20T00:00:00Z');
    let made: Promise<unknown> = Promise.resolve();
    await inTransaction(database.pool, async (client) => {
      await changeAnchor(client, { tenant: 'raced', anchor: THE_FIRST }, NOW);
      // Waits for the gate: what it saw of periods and calendar before that is not what it makes.
      made = inTransaction(database.pool, (other) => ensurePeriods(other, 'raced', calendar, december));
      await eventually(isSomebodyWaiting, 10_000, 'the periods wait for the gate');
    });
    await made;
    expect(await rows('raced')).toEqual([
      '2 2026-11-17 2026-12-17',
      '3 2026-12-17 2027-01-01',
      '4 2027-01-01 2027-02-01',
    ]);
  });

  async function isSomebodyWaiting(): Promise<true | undefined> {
    const waiting = `
select from pg_locks join pg_stat_activity activity using (pid)
where not pg_locks.granted and activity.datname = current_database()`;
    return (await database.pool.query(waiting)).rowCount === 0 ? undefined : true;
  }

  test('leaves periods with events as they are', async () => {
    await database.pool.query(`
insert into usage_event (occurred_at, tenant, id_digest, event_id, type, quantity, readings, content_digest, usage_period,
  accounting_period, shard, epoch, sequence, catalogue_version, accepted_at)
values ('2027-01-03', 'booked', decode(repeat('00', 16), 'hex'), 'a', 'calls', 1, '{}', decode(repeat('00', 16), 'hex'),
  '2026-12-17', '2026-12-17', 0, 1, 1, 1, '2026-11-20')`);
    await expect(change('booked')).rejects.toMatchObject({
      refusal: 'boundary_too_near',
      message: expect.stringContaining('2027-01-03T00:00:00Z') as string,
    });
    expect((await rows('booked')).at(-1)).toBe('3 2026-12-17 2027-01-17');
    expect((await entryOf('booked')).calendar.changes).toBeUndefined();
    // In the shorter period an event stays where it is.
    await change('booked', { anchor: '2027-01-04T00:00:00Z' });
    expect((await rows('booked')).at(-1)).toBe('3 2026-12-17 2027-01-04');
  });

  test('never moves a period that is sealed', async () => {
    for (const start of ['2026-09-17T00:00:00Z', '2026-10-17T00:00:00Z', '2026-11-17T00:00:00Z']) {
      await inTransaction(database.pool, (client) =>
        sealPeriod(client, { tenant: 'sealed', periodStart: requireInstant(start) }),
      );
    }
    // Another clock is ahead: by it the period until 17 December is over.
    const changed = await change('sealed', {}, requireInstant('2026-12-16T23:59:59Z'));
    expect(changed.change.startsAt).toBe('2026-12-17T00:00:00Z');
    const deletion = "delete from billing_period where tenant = 'sealed' and ordinal = 1";
    await expect(database.pool.query(deletion)).rejects.toThrow(/is sealed/);
    const move =
      "update billing_period set period_end = period_end + interval '1 day' where tenant = 'sealed' and ordinal = 2";
    await expect(database.pool.query(move)).rejects.toThrow(/is sealed/);
  });

  test('leaves the file as it is: it says the first calendar', async () => {
    await change('from-file', { length: 'week' });
    const { changes } = await database.apply(YAML);
    expect(changes.filter(({ action }) => action !== 'unchanged')).toEqual([]);
    expect((await entryOf('from-file')).tenant).toMatchObject({ periodLength: 'month' });
    await expect(
      database.apply(YAML.replace('id: from-file,', 'id: from-file, periodLength: week,')),
    ).rejects.toMatchObject({ problems: [{ message: expect.stringContaining('set-anchor') as string }] });
  });

  test.each([
    [
      'where no period begins',
      'later',
      '2026-12-18T00:00:00Z',
      'no_boundary',
      'choose 2026-12-17T00:00:00Z or 2027-01-17',
    ],
    ['from the open period on', 'later', '2026-11-17T00:00:00Z', 'boundary_too_near', 'choose 2026-12-17T00:00:00Z'],
    ['before its beginning', 'later', '2026-08-17T00:00:00Z', 'before_start', 'begins at 2026-09-17'],
    ['behind the end of its billing', 'ended', '2026-12-01T00:00:00Z', 'tenant_ended', 'ends at 2026-12-01'],
    ['in the last period', 'ended', undefined, 'tenant_ended', 'ends at 2026-12-01'],
    ['of nobody', 'nobody', undefined, 'unknown_tenant', 'no tenant nobody'],
  ] as const)('is refused %s', async (_why, tenant, from, refusal, sentence) => {
    const order = from === undefined ? {} : { from: requireInstant(from) };
    await expect(change(tenant, order)).rejects.toMatchObject({
      refusal,
      message: expect.stringContaining(sentence) as string,
    });
  });
});
