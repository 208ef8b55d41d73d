import { afterEach, beforeEach, expect, test } from 'vitest';

import { formatInstant, type EpochMicros, MICROS_PER_MINUTE, requireInstant } from '../../src/domain/instant.ts';
import { dayStart, hourStart } from '../../src/domain/period.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import type { ChargeReading } from '../../src/ledger/charge-reading.ts';
import { sumChargeUsage } from '../../src/ledger/sum-charge-usage.ts';
import { addMeters, addTenant, createDrainStack, type DrainStack } from '../support/drain-stack.ts';
import type { JournalMeter } from '../support/journal-entry.ts';

const SUM: JournalMeter = { key: 'sum', scale: 0, aggregation: 'sum' };
const PEAK: JournalMeter = { key: 'peak', scale: 0, aggregation: 'max' };
const LAST: JournalMeter = { key: 'last', scale: 0, aggregation: 'latest' };
const USERS: JournalMeter = { key: 'users', scale: 0, aggregation: 'unique' };

let stack: DrainStack;
beforeEach(async () => {
  stack = await createDrainStack();
  await addMeters(stack.pool, [SUM, PEAK, LAST, USERS]);
});
afterEach(async () => stack.close());

/** Numbers that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield Math.floor(state / 65_536);
  }
}

interface Used {
  readonly atMicros: EpochMicros;
  readonly value: number;
  readonly user: string;
}

const reading = ({ key, aggregation }: JournalMeter, more: Partial<ChargeReading> = {}): ChargeReading => {
  return { charge: key, meter: key, aggregation, filter: {}, reads: 'quantity', dimensions: [], bucket: null, ...more };
};

const READINGS = [
  reading(SUM),
  reading(PEAK),
  reading(LAST),
  reading(USERS),
  reading(SUM, { charge: 'hours', reads: 'parts', bucket: 'hour' }),
  reading(SUM, { charge: 'days', reads: 'parts', bucket: 'day' }),
  reading(SUM, { charge: 'each', reads: 'events' }),
];

/** The same as the ledger answers, the plain way. */
function expected(used: readonly Used[], timeZone: string): unknown {
  if (used.length === 0) return [];
  const values = used.map(({ value }) => value);
  const sum = String(values.reduce((one, other) => one + other, 0));
  const byTime = used.toSorted((one, other) => one.atMicros - other.atMicros);
  const parts = (bucketOf: (timeZone: string, at: EpochMicros) => EpochMicros): unknown => {
    const byBucket = Map.groupBy(byTime, ({ atMicros }) => bucketOf(timeZone, atMicros));
    return [...byBucket].map(([bucket, own]) => [
      formatInstant(bucket),
      String(own.reduce((total, { value }) => total + value, 0)),
    ]);
  };
  return [
    ['sum', sum],
    ['peak', String(Math.max(...values))],
    ['last', String(byTime.at(-1)?.value)],
    ['users', String(new Set(used.map(({ user }) => user)).size)],
    ['hours', sum, parts(hourStart)],
    ['days', sum, parts(dayStart)],
    ['each', sum, values],
  ];
}

test.each([
  ['Asia/Kathmandu', '2023-10-31T18:15:00Z', '2023-11-03T18:15:00Z'],
  // The clock goes back by an hour, in the middle of an hour of the period.
  ['Europe/Berlin', '2023-10-27T22:00:00Z', '2023-10-30T23:00:00Z'],
  // The clock goes forward by half an hour: hours of thirty minutes.
  ['Australia/Lord_Howe', '2023-09-29T13:30:00Z', '2023-10-02T13:00:00Z'],
  // A period that begins and ends inside of hours.
  ['America/St_Johns', '2023-11-04T10:17:00Z', '2023-11-06T20:41:00Z'],
])('any window of a period in %s has the usage of its events', { timeout: 120_000 }, async (timeZone, start, end) => {
  const period = { startMicros: requireInstant(start), endMicros: requireInstant(end) };
  const minutes = (period.endMicros - period.startMicros) / MICROS_PER_MINUTE;
  const next = numbers(minutes);
  const some = (below: number): number => next.next().value % below;
  await addTenant(stack.pool, 'acme', { billingStart: start });
  const used = Array.from({ length: 400 }, (): Used => ({
    // Minutes and quarters of an hour, so that events meet the borders of windows and hours.
    atMicros:
      period.startMicros +
      Math.min(some(2) === 0 ? some(minutes) : some(minutes / 15) * 15, minutes - 1) * MICROS_PER_MINUTE,
    value: some(50),
    user: String(some(10)).padStart(32, '0'),
  })).filter(({ atMicros }, index, all) => all.findIndex((one) => one.atMicros === atMicros) === index);
  await stack.append(
    used.map(({ atMicros, value, user }, index) => ({
      id: `event ${index}`,
      at: formatInstant(atMicros),
      timeZone,
      usageStart: start,
      readings: [...[SUM, PEAK, LAST].map((meter) => [meter, String(value)] as const), [USERS, user] as const],
    })),
  );
  await drainAll(stack, { timeoutMs: 60_000 });
  for (let round = 0; round < 60; round += 1) {
    const [one, other] = [some(minutes + 1), round % 3 === 0 ? some(minutes + 1) : some(120)];
    const first = round % 5 === 0 ? 0 : Math.min(one, minutes - 1);
    const last = round % 3 === 0 ? Math.max(other, first + 1) : Math.min(first + 1 + other, minutes);
    const fromMicros = period.startMicros + first * MICROS_PER_MINUTE;
    const toMicros = round % 7 === 0 ? period.endMicros : period.startMicros + last * MICROS_PER_MINUTE;
    const answer = await sumChargeUsage(
      stack.pool,
      {
        tenant: 'acme',
        timeZone,
        window: { period, fromMicros, toMicros },
        accountingFromMicros: period.startMicros,
        accountingThroughMicros: period.startMicros,
      },
      READINGS,
    );
    const within = used.filter(({ atMicros }) => atMicros >= fromMicros && atMicros < toMicros);
    const found = ('sums' in answer ? answer.sums : []).map(({ charge, quantity, parts, amounts }) => [
      charge,
      quantity,
      ...(parts === undefined ? [] : [parts.map((part) => [part.bucket, part.quantity])]),
      ...(amounts === undefined
        ? []
        : [amounts.flatMap(([value, times]) => Array.from({ length: times }, () => Number(value)))]),
    ]);
    expect(found, `${formatInstant(fromMicros)} to ${formatInstant(toMicros)}`).toEqual(expected(within, timeZone));
  }
});
