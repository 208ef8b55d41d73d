import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import type { BillingCalendar } from '../../src/domain/period.ts';
import { inTransaction, openDatabase } from '../../src/ledger/database.ts';
import { ensureGate, readGate } from '../../src/ledger/gate.ts';
import { ensurePeriods, PERIODS_PER_CALL_MAX, readPeriod, readPeriods } from '../../src/ledger/periods.ts';
import { PeriodOrderError, recordSealFence, sealPeriod } from '../../src/ledger/seal-period.ts';
import { addTenant } from '../support/drain-stack.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const START = '2023-01-31T00:00:00Z';
const MONTHS: BillingCalendar = { timeZone: 'UTC', anchor: START, length: 'month', endsAt: null };
const NOW = requireInstant('2023-03-15T12:00:00Z');

let database: TestDatabase;
let pool: pg.Pool;

beforeEach(async () => {
  database = await createTestDatabase();
  pool = openDatabase({ databaseUrl: database.databaseUrl, applicationName: 'test', poolSizeMax: 8 });
  await addTenant(pool, 'acme', { billingStart: START });
});

afterEach(async () => {
  await pool.end();
  await database.drop();
});

async function starts(): Promise<readonly string[]> {
  return (await readPeriods(pool, 'acme')).map((period) => formatInstant(period.startMicros).slice(0, 10));
}

describe('periods are made ahead', () => {
  test('to one whole period beyond now, with their partitions', async () => {
    const made = await ensurePeriods(pool, 'acme', MONTHS, NOW);
    expect(made).toEqual({ made: 3, throughMicros: requireInstant('2023-04-30T00:00:00Z'), complete: true });
    expect(await starts()).toEqual(['2023-01-31', '2023-02-28', '2023-03-31']);
    const { rows } = await pool.query(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'usage_event'::regclass order by 1",
    );
    expect(rows.map((row: { name: string }) => row.name)).toEqual([
      'usage_event_2023_01',
      'usage_event_2023_02',
      'usage_event_2023_03',
      'usage_event_2023_04',
    ]);
  });

  test('five minutes before a border for the period after the next', async () => {
    const justBefore = requireInstant('2023-03-30T23:55:00Z');
    await ensurePeriods(pool, 'acme', MONTHS, justBefore - 1);
    expect(await starts()).toEqual(['2023-01-31', '2023-02-28', '2023-03-31']);
    await ensurePeriods(pool, 'acme', MONTHS, justBefore);
    expect((await starts()).at(-1)).toBe('2023-04-30');
  });

  test('once, by many processes at a time', async () => {
    const calls = Array.from({ length: 8 }, () =>
      inTransaction(pool, (client) => ensurePeriods(client, 'acme', MONTHS, NOW)),
    );
    const results = await Promise.all(calls);
    expect(results.reduce((sum, { made }) => sum + made, 0)).toBe(3);
    expect(await starts()).toHaveLength(3);
    expect(await ensurePeriods(pool, 'acme', MONTHS, NOW)).toMatchObject({ made: 0, complete: true });
  });

  test('no further than the end of the tenant, whose last period is cut', async () => {
    const endsAt = '2023-03-10T00:00:00Z';
    await pool.query("update tenant set ends_at = $1::timestamptz where id = 'acme'", [endsAt]);
    const cut = { made: 2, throughMicros: requireInstant(endsAt), complete: true };
    // The catalogue in memory may be older than the last apply: the tenant's row decides.
    expect(await ensurePeriods(pool, 'acme', MONTHS, NOW)).toEqual(cut);
    expect(await ensurePeriods(pool, 'acme', { ...MONTHS, endsAt }, NOW)).toEqual({ ...cut, made: 0 });
  });

  test('without a gap, even when the calendar has changed since the last one was made', async () => {
    await ensurePeriods(pool, 'acme', MONTHS, NOW);
    await ensurePeriods(
      pool,
      'acme',
      { ...MONTHS, timeZone: 'Asia/Kathmandu' },
      requireInstant('2023-05-15T00:00:00Z'),
    );
    const periods = await readPeriods(pool, 'acme');
    expect(periods.map(({ ordinal }) => ordinal)).toEqual(periods.map((_, index) => index));
    for (const [index, period] of periods.entries()) {
      expect(periods[index + 1]?.startMicros ?? period.endMicros).toBe(period.endMicros);
    }
  });

  test('in bounded steps for short periods', async () => {
    const minutes: BillingCalendar = { ...MONTHS, length: 'minute' };
    const aWeekAndAnHour = requireInstant('2023-02-07T01:00:00Z');
    expect(await ensurePeriods(pool, 'acme', minutes, aWeekAndAnHour)).toMatchObject({
      made: PERIODS_PER_CALL_MAX,
      complete: false,
    });
    expect(await ensurePeriods(pool, 'acme', minutes, aWeekAndAnHour)).toMatchObject({ made: 67, complete: true });
  });
});

const seal = (periodStart: number) =>
  inTransaction(pool, (client) => sealPeriod(client, { tenant: 'acme', periodStart }));

describe('a seal', () => {
  const january = requireInstant(START);
  const february = requireInstant('2023-02-28T00:00:00Z');

  beforeEach(async () => {
    await ensurePeriods(pool, 'acme', MONTHS, NOW);
  });

  test('raises the gate and closes the period for good', async () => {
    expect(await seal(january)).toEqual({
      gateVersion: 2,
      sealedThrough: '2023-02-28T00:00:00Z',
      sealedThroughMicros: february,
    });
    expect(await readGate(pool, 'acme')).toEqual({ version: 2, sealedThroughMicros: february });
    const open = (await readPeriods(pool, 'acme', { from: requireInstant(START) })).filter(
      ({ sealedGateVersion }) => sealedGateVersion === null,
    );
    expect(open[0]?.startMicros).toBe(february);
  });

  test('answers the same when it is repeated, also by many at a time and after later seals', async () => {
    const seals = await Promise.all([seal(january), seal(january), seal(january), seal(january)]);
    await seal(february);
    for (const each of [...seals, await seal(january)]) expect(each).toMatchObject({ gateVersion: 2 });
    expect(await readGate(pool, 'acme')).toMatchObject({ version: 3 });
  });

  test('is refused out of order', async () => {
    await expect(seal(february)).rejects.toBeInstanceOf(PeriodOrderError);
    await expect(seal(january + 1)).rejects.toBeInstanceOf(PeriodOrderError);
    expect(await readGate(pool, 'acme')).toMatchObject({ version: 1 });
  });

  test('keeps the first fence that was recorded for it', async () => {
    await expect(
      recordSealFence(pool, { tenant: 'acme', periodStart: january, fence: { epoch: 1, sequence: 7 } }),
    ).rejects.toBeInstanceOf(PeriodOrderError);
    await seal(january);
    const record = (sequence: number) =>
      recordSealFence(pool, { tenant: 'acme', periodStart: january, fence: { epoch: 1, sequence } });
    expect(await record(7)).toEqual({ epoch: 1, sequence: 7 });
    expect(await record(9)).toEqual({ epoch: 1, sequence: 7 });
    expect(await readPeriod(pool, 'acme', january)).toMatchObject({
      sealedGateVersion: 2,
      sealFence: { epoch: 1, sequence: 7 },
    });
  });
});

test('a gate that exists is not made again', async () => {
  await ensureGate(pool, 'acme', requireInstant('2030-01-01T00:00:00Z'));
  expect(await readGate(pool, 'acme')).toEqual({ version: 1, sealedThroughMicros: requireInstant(START) });
  expect(await readGate(pool, 'nobody')).toBeUndefined();
});
