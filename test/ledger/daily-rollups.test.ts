import { readFileSync } from 'node:fs';

import { Client } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { dayStart, monthStart } from '../../src/domain/calendar-hour.ts';
import { formatInstant, type EpochMicros, MICROS_PER_MINUTE, requireInstant } from '../../src/domain/instant.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { microsSql } from '../../src/ledger/columns.ts';
import { readUsage, type UsageBucket } from '../../src/ledger/read-usage.ts';
import { sumHourlyUsage, sumUsage } from '../../src/ledger/sum-usage.ts';
import { addMeters, addTenant, createDrainStack, type DrainStack } from '../support/drain-stack.ts';
import type { JournalEvent, JournalMeter } from '../support/journal-entry.ts';

const SUM: JournalMeter = { key: 'sum', scale: 0, aggregation: 'sum' };
const PEAK: JournalMeter = { key: 'peak', scale: 0, aggregation: 'max' };
const LAST: JournalMeter = { key: 'last', scale: 0, aggregation: 'latest' };
const USERS: JournalMeter = { key: 'users', scale: 0, aggregation: 'unique' };
const MIGRATION = 'src/ledger/migrations/0015_usage_daily.sql';

let stack: DrainStack;
let owner: Client;
beforeEach(async () => {
  stack = await createDrainStack();
  await addMeters(stack.pool, [SUM, PEAK, LAST, USERS]);
  owner = new Client({ connectionString: stack.databaseUrl });
  await owner.connect();
});
afterEach(async () => {
  await owner.end();
  await stack.close();
});

/** Numbers that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield Math.floor(state / 65_536);
  }
}

const ROW = `
select tenant, usage_period, accounting_period, meter, dimensions, ${microsSql('START')} as start, event_count, quantity_sum,
  quantity_max, last_value, last_at, last_epoch, last_sequence, first_epoch, first_sequence, final_epoch, final_sequence
from TABLE order by tenant, usage_period, accounting_period, meter, dimensions::text, start`;

/** Half of them on quarters of an hour, so that they meet the borders of hours, days and windows. */
function eventsAround(middle: EpochMicros, timeZone: string, some: (below: number) => number): JournalEvent[] {
  const borders = [-5 * 1_440, -1_433, 5 * 1_440].map((minutes) => middle + minutes * MICROS_PER_MINUTE);
  const [start = 0, split = 0, end = 0] = borders;
  return Array.from({ length: 400 }, (_, index): JournalEvent => {
    const minute = some(2) === 0 ? some(10 * 1_440) : some(10 * 96) * 15;
    const at = Math.min(start + minute * MICROS_PER_MINUTE, end - 1);
    const isFirst = at < split;
    const usageStart = formatInstant(isFirst ? start : split);
    const isLate = isFirst && some(3) === 0;
    return {
      id: `event ${index}`,
      at: formatInstant(at),
      timeZone,
      usageStart,
      // Late usage is booked to the next period. A value that is late as well is seen once more, which would not add up.
      accountingStart: isLate ? formatInstant(split) : usageStart,
      readings: [
        ...[SUM, PEAK, LAST].map((meter) => [meter, String(some(50)), { model: `m${some(2)}` }] as const),
        ...(isLate ? [] : [[USERS, String(some(10)).padStart(32, '0')] as const]),
      ],
    };
  });
}

async function fill(
  timeZone: string,
  around: string,
): Promise<{ middle: EpochMicros; some: (below: number) => number }> {
  const middle = requireInstant(around);
  const next = numbers(middle / MICROS_PER_MINUTE);
  const some = (below: number): number => next.next().value % below;
  const start = formatInstant(middle - 5 * 1_440 * MICROS_PER_MINUTE);
  await addTenant(stack.pool, 'acme', { billingStart: start });
  await owner.query('update tenant set time_zone = $1::text', [timeZone]);
  await owner.query('select ensure_event_partitions($1::timestamptz, $2::timestamptz)', [
    start,
    formatInstant(middle + 6 * 1_440 * MICROS_PER_MINUTE),
  ]);
  const events = eventsAround(middle, timeZone, some);
  for (const part of [events.slice(0, 150), events.slice(150, 160), events.slice(160)]) {
    await stack.append(part);
    await drainAll(stack, { timeoutMs: 60_000 });
  }
  return { middle, some };
}

/** What hours add up to by day or by month, the plain way. */
function joined(hours: readonly UsageBucket[], startOf: (hour: EpochMicros) => EpochMicros): unknown {
  const places = Map.groupBy(hours, ({ startMicros, meter }) => `${startOf(startMicros)} ${meter}`);
  return [...places].map(([place, own]) => {
    const quantities = own.map(({ quantity }) => Number(quantity));
    const quantity = place.endsWith('peak')
      ? Math.max(...quantities)
      : place.endsWith('last')
        ? quantities.at(-1)
        : quantities.reduce((sum, one) => sum + one, 0);
    return [place, String(quantity), String(own.reduce((sum, { eventCount }) => sum + Number(eventCount), 0))];
  });
}

const ZONES = [
  ['Asia/Kathmandu', '2023-10-31T18:15:00Z'],
  ['Europe/Berlin', '2023-10-29T01:00:00Z'],
  ['Europe/Berlin', '2023-03-26T01:00:00Z'],
  ['America/St_Johns', '2026-11-01T04:30:00Z'],
  // At 00:01 back to 23:01.
  ['America/St_Johns', '2009-11-01T02:31:00Z'],
  // At midnight back to 23:00, and on to 01:00.
  ['Asia/Beirut', '2025-10-25T21:00:00Z'],
  ['Asia/Beirut', '2025-03-29T22:00:00Z'],
  // The first midnight of a month is there twice.
  ['America/Havana', '2026-11-01T05:00:00Z'],
  ['Australia/Lord_Howe', '2023-09-30T15:30:00Z'],
] as const;

test.each(ZONES)(
  'hours and days of %s around %s agree in any window',
  { timeout: 120_000 },
  async (timeZone, around) => {
    const { middle, some } = await fill(timeZone, around);
    for (let round = 0; round < 40; round += 1) {
      const step = round % 2 === 0 ? 60 : 1;
      const fromMicros = middle + (some(6 * 1_440) - 5 * 1_440) * MICROS_PER_MINUTE;
      // Not within an hour: by the hour a distinct value is seen with its hour, by the day with its day.
      const from = dayStart(timeZone, fromMicros) + some(24) * 60 * MICROS_PER_MINUTE;
      const to = from + (1 + some(4_320 / step) * step) * MICROS_PER_MINUTE;
      const query = { tenant: 'acme', from, to, timeZone };
      const hours = await readUsage(stack.pool, { ...query, by: 'hour' });
      for (const [by, startOf] of [
        ['day', dayStart],
        ['month', monthStart],
      ] as const) {
        const buckets = await readUsage(stack.pool, { ...query, by });
        const found = buckets.map(({ startMicros, meter, quantity, eventCount }) => [
          `${startMicros} ${meter}`,
          quantity,
          eventCount,
        ]);
        const wanted = joined(hours, (hour) => startOf(timeZone, hour));
        expect(sorted(found), `${formatInstant(from)} to ${formatInstant(to)} by ${by}`).toEqual(sorted(wanted));
      }
    }
  },
);

function sorted(rows: unknown): unknown {
  return (rows as [string, ...string[]][]).toSorted(([one], [other]) => (one < other ? -1 : 1));
}

test.each(ZONES)('days of %s around %s are made from its hours as the drain makes them', async (timeZone, around) => {
  await fill(timeZone, around);
  const read = async (): Promise<{ start: string }[]> => {
    const { rows } = await stack.pool.query<{ start: string }>(
      ROW.replace('START', 'day').replace('TABLE', 'usage_daily'),
    );
    return rows;
  };
  const drained = await read();
  expect(drained.length).toBeGreaterThan(80);
  expect(drained.filter(({ start }) => dayStart(timeZone, Number(start)) !== Number(start))).toEqual([]);
  await owner.query('truncate usage_daily');
  const sql = readFileSync(MIGRATION, 'utf8');
  await owner.query(sql.slice(sql.indexOf('-- Where a local day begins'), sql.indexOf('grant select')));
  expect(await read()).toEqual(drained);
  const { rows: periods } = await stack.pool.query<{ start: string }>(
    `select distinct ${microsSql('accounting_period')} as start from usage_hourly order by start`,
  );
  expect(periods).toHaveLength(2);
  for (const { start } of periods) {
    const selection = { tenant: 'acme', accountingPeriod: Number(start) };
    expect(await sumUsage(stack.pool, selection)).toEqual(await sumHourlyUsage(stack.pool, selection));
  }
});
