import { afterEach, beforeEach, expect, test } from 'vitest';

import { requireInstant, type InstantText } from '../../src/domain/instant.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import type { ChargeReading } from '../../src/ledger/charge-reading.ts';
import type { ChargeSum } from '../../src/ledger/charge-sum.ts';
import { sumChargeUsage } from '../../src/ledger/sum-charge-usage.ts';
import { addMeters, addTenant, createDrainStack, type DrainStack } from '../support/drain-stack.ts';
import type { JournalEvent, JournalMeter } from '../support/journal-entry.ts';

const STORED: JournalMeter = { key: 'stored', scale: 3, aggregation: 'latest' };
const [NOVEMBER, DECEMBER, JANUARY] = ['2023-11-01T00:00:00Z', '2023-12-01T00:00:00Z', '2024-01-01T00:00:00Z'] as const;
const HOUR = 3_600;
const DAY = 24 * HOUR;

let stack: DrainStack;
beforeEach(async () => {
  stack = await createDrainStack();
  await addTenant(stack.pool, 'acme');
  await addMeters(stack.pool, [STORED]);
});
afterEach(async () => stack.close());

let shown = 0;

async function show(...events: readonly (readonly [at: InstantText, value: string, more?: Partial<JournalEvent>])[]) {
  await stack.append(
    events.map(([at, value, more]) => {
      shown += 1;
      return {
        id: `event ${shown}`,
        at,
        readings: [[STORED, value]],
        usageStart: `${at.slice(0, 7)}-01T00:00:00Z`,
        ...more,
      };
    }),
  );
  await drainAll(stack, { timeoutMs: 60_000 });
}

interface Window {
  readonly from?: InstantText;
  readonly to?: InstantText;
  readonly through?: InstantText;
}

async function sum(
  [start, end]: readonly [InstantText, InstantText],
  { from = start, to = end, through = start }: Window = {},
  more: Partial<ChargeReading> = {},
): Promise<ChargeSum | undefined> {
  const period = { startMicros: requireInstant(start), endMicros: requireInstant(end) };
  const answer = await sumChargeUsage(
    stack.pool,
    {
      tenant: 'acme',
      timeZone: 'UTC',
      window: { period, fromMicros: requireInstant(from), toMicros: requireInstant(to) },
      accountingFromMicros: period.startMicros,
      accountingThroughMicros: requireInstant(through),
    },
    [
      {
        charge: 'storage',
        meter: 'stored',
        aggregation: 'latest',
        isTimeWeighted: true,
        filter: {},
        reads: 'quantity',
        dimensions: [],
        bucket: null,
        ...more,
      },
    ],
  );
  return 'sums' in answer ? answer.sums[0] : undefined;
}

const IN_NOVEMBER = [NOVEMBER, DECEMBER] as const;
const IN_DECEMBER = [DECEMBER, JANUARY] as const;

test('a gauge is its value times the seconds for which it held, to the microsecond', async () => {
  await show(
    ['2023-11-10T00:00:00Z', '2'],
    ['2023-11-10T10:30:00Z', '0.5'],
    ['2023-11-10T10:30:00.000001Z', '0'],
    ['2023-11-29T23:00:00Z', '3'],
  );
  const found = await sum(IN_NOVEMBER);
  expect(found).toMatchObject({
    quantity: String(2 * 10.5 * HOUR + 3 * 25 * HOUR).concat('.0000005'),
    eventCount: '4',
  });
});

test('it goes on over the border of periods, also through one without any event', async () => {
  await show(['2023-11-30T00:00:00Z', '2']);
  expect((await sum(IN_NOVEMBER))?.quantity).toBe(String(2 * DAY));
  expect(await sum(IN_DECEMBER)).toEqual({
    charge: 'storage',
    quantity: String(2 * 31 * DAY),
    eventCount: '0',
    first: null,
    last: null,
  });
  await show(['2023-12-31T12:00:00Z', '4', { usageStart: DECEMBER }]);
  expect((await sum(IN_DECEMBER))?.quantity).toBe(String(2 * 30.5 * DAY + 4 * 0.5 * DAY));
});

test('a window has what held in it, and windows add up to the whole', async () => {
  await show(['2023-10-20T00:00:00Z', '1'], ['2023-11-10T10:20:00Z', '7'], ['2023-11-10T10:50:00Z', '2']);
  const cut = '2023-11-10T10:40:00.5Z';
  const parts = [await sum(IN_NOVEMBER, { to: cut }), await sum(IN_NOVEMBER, { from: cut })];
  const first = 9 * DAY + 10 * HOUR + 20 * 60 + 7 * (20 * 60 + 0.5);
  const second = 7 * (10 * 60 - 0.5) + 2 * (20 * DAY + 13 * HOUR + 10 * 60);
  expect(parts.map((part) => part?.quantity)).toEqual([String(first), String(second)]);
  expect(parts.map((part) => part?.eventCount)).toEqual(['1', '1']);
  expect((await sum(IN_NOVEMBER))?.quantity).toBe(String(first + second));
});

test('each combination of values of dimensions is a gauge of its own, and parts add up', async () => {
  const of = (region: string): Partial<JournalEvent> => ({ readings: [[STORED, '2', { region, tier: 'hot' }]] });
  await show(
    ['2023-10-31T00:00:00Z', '2', of('eu')],
    ['2023-11-30T23:00:00Z', '2', of('us')],
    ['2023-11-11T00:00:00Z', '0', { readings: [[STORED, '0', { region: 'eu', tier: 'hot' }]] }],
  );
  const byRegion = await sum(IN_NOVEMBER, {}, { reads: 'parts', dimensions: ['region'] });
  expect(byRegion?.quantity).toBe(String(2 * 10 * DAY + 2 * HOUR));
  expect(byRegion?.parts).toEqual([
    { values: { region: 'eu' }, bucket: null, quantity: String(2 * 10 * DAY), eventCount: '1' },
    { values: { region: 'us' }, bucket: null, quantity: String(2 * HOUR), eventCount: '1' },
  ]);
  const silent = await sum(IN_DECEMBER, {}, { reads: 'parts', dimensions: ['region'], filter: { region: ['us'] } });
  expect(silent?.parts).toEqual([
    { values: { region: 'us' }, bucket: null, quantity: String(2 * 31 * DAY), eventCount: '0' },
  ]);
});

test('a late event changes what its period amounts to, and not what was billed', async () => {
  await show(['2023-11-10T00:00:00Z', '2']);
  await show(['2023-11-20T00:00:00Z', '5', { accountingStart: DECEMBER }]);
  expect((await sum(IN_NOVEMBER))?.quantity).toBe(String(2 * 21 * DAY));
  expect((await sum(IN_NOVEMBER, { through: DECEMBER }))?.quantity).toBe(String(2 * 10 * DAY + 5 * 11 * DAY));
  // What the late event shows is what December begins with.
  expect((await sum(IN_DECEMBER))?.quantity).toBe(String(5 * 31 * DAY));
});
