import { afterAll, beforeAll, expect, test } from 'vitest';

import { periodSpans } from '../../src/catalog/period-spans.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { trialEnd } from '../../src/catalog/trial.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { eventually } from '../support/api-calls.ts';
import { CATALOGUE, openCatalogueDatabase, type CatalogueDatabase } from './catalogue-fixture.ts';

/** Its clock goes back an hour on 1 November, within the trial. */
const NEW_YORK = CATALOGUE.replace(
  'billingStart: 2026-10-01T00:00:00Z,',
  'timeZone: America/New_York, billingStart: 2026-10-20T12:00:00Z, trialDays: 14,',
);

let database: CatalogueDatabase;

beforeAll(async () => {
  database = await openCatalogueDatabase();
  await database.apply(NEW_YORK);
});

afterAll(async () => {
  await database.close();
});

async function acme() {
  const entry = (await readCatalogue(database.pool)).tenants.get('acme');
  if (entry === undefined) throw new Error('the tenant is not there');
  return entry;
}

test('a trial ends at the tenant’s own time of day, and cuts its period there', async () => {
  const entry = await acme();
  const end = '2026-11-03T13:00:00Z';
  expect(formatInstant(trialEnd(entry) ?? 0)).toBe(end);
  const period = { startMicros: entry.billingStartMicros, endMicros: requireInstant('2026-11-20T13:00:00Z') };
  const spans = periodSpans(entry, period) ?? [];
  expect(
    spans.map(({ isTrial, fromMicros, toMicros }) => [isTrial, formatInstant(fromMicros), formatInstant(toMicros)]),
  ).toEqual([
    [true, '2026-10-20T12:00:00Z', end],
    [false, end, '2026-11-20T13:00:00Z'],
  ]);
});

test('a trial may be longer or shorter as long as nothing of it is billed', async () => {
  await database.apply(NEW_YORK.replace('trialDays: 14', 'trialDays: 20'));
  expect((await acme()).tenant.trialDays).toBe(20);
  await database.pool.query(`update gate set sealed_through = '2026-11-20T13:00:00Z' where tenant = 'acme'`);
  await expect(database.apply(NEW_YORK)).rejects.toMatchObject({
    problems: [{ path: 'tenants[0].trialDays', message: expect.stringContaining('2026-11-20T13:00:00Z') as string }],
  });
});

test('a trial that is changed while its period is being sealed waits for the seal, and is refused', async () => {
  const before = (await acme()).tenant.trialDays;
  await database.pool.query(`update gate set sealed_through = '2026-10-20T12:00:00Z' where tenant = 'acme'`);
  const sealing = await database.pool.connect();
  let applied: Promise<unknown>;
  try {
    await sealing.query('begin');
    await sealing.query(`update gate set sealed_through = '2026-11-20T13:00:00Z' where tenant = 'acme'`);
    applied = database.apply(NEW_YORK.replace('trialDays: 14', 'trialDays: 3')).then(
      () => 'applied',
      () => 'refused',
    );
    await eventually(isSomebodyWaiting, 10_000, 'the apply waits for the gate');
    await sealing.query('commit');
  } finally {
    sealing.release();
  }
  expect(await applied).toBe('refused');
  expect((await acme()).tenant.trialDays).toBe(before);
});

async function isSomebodyWaiting(): Promise<true | undefined> {
  const waiting = `
select from pg_locks join pg_stat_activity activity using (pid)
where not pg_locks.granted and activity.datname = current_database()`;
  return (await database.pool.query(waiting)).rowCount === 0 ? undefined : true;
}

test('a period of which a part has no plan has no spans', async () => {
  const entry = await acme();
  const early = { startMicros: entry.billingStartMicros - 1, endMicros: entry.billingStartMicros + 1 };
  expect(periodSpans(entry, early)).toBeUndefined();
});
