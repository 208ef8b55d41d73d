import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { requireInstant, type InstantText } from '../../src/domain/instant.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import type { ChargeReading } from '../../src/ledger/charge-reading.ts';
import type { ChargeSum } from '../../src/ledger/charge-sum.ts';
import {
  type ChargeSums,
  sumChargeUsage,
  tooMuchSentence,
  type UsageBounds,
} from '../../src/ledger/sum-charge-usage.ts';
import { addMeters, addTenant, createDrainStack, type DrainStack } from '../support/drain-stack.ts';
import { type JournalEvent, type JournalMeter, REQUESTS, TOKENS } from '../support/journal-entry.ts';

const PEAK: JournalMeter = { key: 'peak', scale: 2, aggregation: 'max' };
const SEATS: JournalMeter = { key: 'seats', scale: 0, aggregation: 'latest' };
const USERS: JournalMeter = { key: 'users', scale: 0, aggregation: 'unique' };
const [ADA, BOB, EVE] = ['aa', 'bb', 'ee'].map((byte) => byte.repeat(16)) as [string, string, string];

const KATHMANDU = 'Asia/Kathmandu';
/** Midnight of 1 November and of 1 December in Kathmandu. */
const NOVEMBER = '2023-10-31T18:15:00Z';
const DECEMBER = '2023-11-30T18:15:00Z';

let stack: DrainStack;
beforeEach(async () => {
  stack = await createDrainStack();
  await addTenant(stack.pool, 'acme', { billingStart: NOVEMBER });
  await addMeters(stack.pool, [REQUESTS, TOKENS, PEAK, SEATS, USERS]);
});
afterEach(async () => stack.close());

type Readings = NonNullable<JournalEvent['readings']>;

let drained = 0;

async function drain(
  ...events: readonly (readonly [at: InstantText, readings: Readings, more?: Partial<JournalEvent>])[]
) {
  await stack.append(
    events.map(([at, readings, more]) => {
      drained += 1;
      return { id: `event ${drained}`, at, readings, timeZone: KATHMANDU, usageStart: NOVEMBER, ...more };
    }),
  );
  await drainAll(stack, { timeoutMs: 60_000 });
}

function reading(meter: JournalMeter, more: Partial<ChargeReading> = {}): ChargeReading {
  const { key, aggregation } = meter;
  return { charge: key, meter: key, aggregation, filter: {}, reads: 'quantity', dimensions: [], bucket: null, ...more };
}

interface Span {
  readonly from?: InstantText;
  readonly to?: InstantText;
  readonly accounting?: readonly [from: InstantText, through: InstantText];
}

async function sum(readings: readonly ChargeReading[], span: Span = {}): Promise<readonly ChargeSum[]> {
  const answer = await ask(readings, span);
  if ('tooMuch' in answer) throw new Error(JSON.stringify(answer.tooMuch));
  return answer.sums;
}

async function ask(readings: readonly ChargeReading[], span: Span, bounds?: UsageBounds): Promise<ChargeSums> {
  const { from = NOVEMBER, to = DECEMBER, accounting = [NOVEMBER, NOVEMBER] } = span;
  const period = { startMicros: requireInstant(NOVEMBER), endMicros: requireInstant(DECEMBER) };
  return sumChargeUsage(
    stack.pool,
    {
      tenant: 'acme',
      timeZone: KATHMANDU,
      window: { period, fromMicros: requireInstant(from), toMicros: requireInstant(to) },
      accountingFromMicros: requireInstant(accounting[0]),
      accountingThroughMicros: requireInstant(accounting[1]),
    },
    readings,
    bounds,
  );
}

async function quantities(readings: readonly ChargeReading[], span: Span = {}): Promise<Record<string, string>> {
  return Object.fromEntries((await sum(readings, span)).map(({ charge, quantity }) => [charge, quantity]));
}

const ALL = [REQUESTS, TOKENS, PEAK, SEATS, USERS].map((meter) => reading(meter));

/** One event that feeds every meter. */
function everything(tokens: string, peak: string, seats: string, user: string): Readings {
  return [
    [REQUESTS, '1'],
    [TOKENS, tokens],
    [PEAK, peak],
    [SEATS, seats],
    [USERS, user],
  ];
}

async function filtered(filter: ChargeReading['filter']): Promise<unknown> {
  const [found] = await sum([reading(TOKENS, { filter })]);
  return found && [found.quantity, found.eventCount, found.first?.sequence, found.last?.sequence];
}

async function tokensOf(from: InstantText, to: InstantText): Promise<string | undefined> {
  return (await quantities([reading(TOKENS)], { from, to })).tokens;
}

describe('the whole of a period', () => {
  test('is summed by the aggregation of each meter, and charges without usage are left out', async () => {
    await drain(
      ['2023-11-10T10:00:00Z', everything('1.5', '2.25', '7', ADA)],
      ['2023-11-12T10:00:00Z', everything('9007199254740.991', '10', '5', BOB)],
      ['2023-11-11T10:00:00Z', everything('9007199254740.991', '9.99', '9', ADA)],
    );
    expect(await quantities(ALL)).toEqual({
      requests: '3',
      tokens: '18014398509483.482',
      peak: '10',
      seats: '5',
      users: '2',
    });
    expect(await sum([reading(TOKENS, { filter: { model: ['large'] } })])).toEqual([]);
    expect(await sum([])).toEqual([]);
  });

  test('counts what a filter leaves, with its own number of events and range of the ledger', async () => {
    await drain(
      ['2023-11-10T10:00:00Z', [[TOKENS, '1', { model: 'small', region: 'eu' }]]],
      ['2023-11-10T10:00:01Z', [[TOKENS, '2', { model: 'large', region: 'eu' }]]],
      ['2023-11-10T12:00:00Z', [[TOKENS, '4', { model: 'large', region: 'us' }]]],
      ['2023-11-10T13:00:00Z', [[TOKENS, '8', { model: 5, region: null }]]],
      ['2023-11-10T14:00:00Z', [[TOKENS, '16']]],
    );
    expect(await filtered({})).toEqual(['31', '5', 1, 5]);
    expect(await filtered({ model: ['large'] })).toEqual(['6', '2', 2, 3]);
    expect(await filtered({ model: ['large', 'small'], region: ['eu'] })).toEqual(['3', '2', 1, 2]);
    // A number is the same value as its text; a dimension that is not there is no value.
    expect(await filtered({ model: ['5'] })).toEqual(['8', '1', 4, 4]);
    expect(await filtered({ region: ['null'] })).toBeUndefined();
  });
});

describe('parts', () => {
  test('are kept apart by the values of dimensions, in one order', async () => {
    await drain(
      ['2023-11-10T10:00:00Z', [[TOKENS, '1', { model: 'z', region: 'eu' }]]],
      ['2023-11-10T11:00:00Z', [[TOKENS, '2', { model: 'Ä', region: 'eu' }]]],
      ['2023-11-11T10:00:00Z', [[TOKENS, '4', { model: 'Z', region: 'us' }]]],
      ['2023-11-11T11:00:00Z', [[TOKENS, '8', { model: 5, region: 'us' }]]],
      ['2023-11-11T12:00:00Z', [[TOKENS, '16', { model: '5', region: null }]]],
      ['2023-11-11T13:00:00Z', [[TOKENS, '32']]],
    );
    const [byModel] = await sum([reading(TOKENS, { reads: 'parts', dimensions: ['model'] })]);
    expect(byModel?.quantity).toBe('63');
    expect(byModel?.parts).toEqual([
      { values: { model: '5' }, bucket: null, quantity: '24', eventCount: '2' },
      { values: { model: 'Z' }, bucket: null, quantity: '4', eventCount: '1' },
      { values: { model: 'z' }, bucket: null, quantity: '1', eventCount: '1' },
      { values: { model: 'Ä' }, bucket: null, quantity: '2', eventCount: '1' },
      { values: {}, bucket: null, quantity: '32', eventCount: '1' },
    ]);
    const [byBoth] = await sum([
      reading(TOKENS, { reads: 'parts', dimensions: ['model', 'region'], filter: { region: ['us'] } }),
    ]);
    expect(byBoth?.parts?.map(({ values, quantity }) => [values, quantity])).toEqual([
      [{ model: '5', region: 'us' }, '8'],
      [{ model: 'Z', region: 'us' }, '4'],
    ]);
  });

  test('of distinct and of latest values are not the parts of one sum', async () => {
    await drain(
      [
        '2023-11-10T10:00:00Z',
        [
          [USERS, ADA, { region: 'eu' }],
          [SEATS, '5', { region: 'eu' }],
        ],
      ],
      [
        '2023-11-10T12:00:00Z',
        [
          [USERS, ADA, { region: 'us' }],
          [SEATS, '7', { region: 'us' }],
        ],
      ],
      [
        '2023-11-10T11:00:00Z',
        [
          [USERS, BOB, { region: 'us' }],
          [SEATS, '9', { region: 'eu' }],
        ],
      ],
    );
    const byRegion = { reads: 'parts', dimensions: ['region'] } as const;
    const [users, seats] = await sum([reading(USERS, byRegion), reading(SEATS, byRegion)]);
    expect([users?.quantity, users?.parts?.map(({ quantity }) => quantity)]).toEqual(['2', ['1', '2']]);
    expect([seats?.quantity, seats?.parts?.map(({ quantity }) => quantity)]).toEqual(['7', ['9', '7']]);
  });

  test('of hours and days are those of Kathmandu', async () => {
    await drain(
      ['2023-11-10T18:14:59.999999Z', [[PEAK, '3']]],
      ['2023-11-10T18:15:00Z', [[PEAK, '5']]],
      ['2023-11-10T19:14:59Z', [[PEAK, '7']]],
      ['2023-11-10T19:15:00Z', [[PEAK, '6']]],
    );
    const parts = async (bucket: 'hour' | 'day'): Promise<unknown> => {
      const [found] = await sum([reading(PEAK, { reads: 'parts', bucket })]);
      return found?.parts?.map((part) => [part.bucket, part.quantity]);
    };
    expect(await parts('hour')).toEqual([
      ['2023-11-10T17:15:00Z', '3'],
      ['2023-11-10T18:15:00Z', '7'],
      ['2023-11-10T19:15:00Z', '6'],
    ]);
    expect(await parts('day')).toEqual([
      ['2023-11-09T18:15:00Z', '3'],
      ['2023-11-10T18:15:00Z', '7'],
    ]);
  });
});

describe('the values of events', () => {
  test('come in the order of the journal, equal ones in a row together, and after the filter', async () => {
    await drain(
      ['2023-11-20T10:00:00Z', [[TOKENS, '10', { kind: 'card' }]]],
      ['2023-11-10T10:00:00Z', [[TOKENS, '10.000', { kind: 'card' }]]],
      ['2023-11-10T10:00:00Z', [[TOKENS, '2.5', { kind: 'card' }]]],
      ['2023-11-10T10:00:00Z', [[TOKENS, '77', { kind: 'cash' }]]],
    );
    await drain(
      ['2023-11-09T10:00:00Z', [[TOKENS, '10', { kind: 'card' }]]],
      ['2023-11-08T10:00:00Z', [[TOKENS, '2.5']]],
    );
    const cards = reading(TOKENS, { charge: 'cards', reads: 'events', filter: { kind: ['card'] } });
    expect(await sum([cards, reading(TOKENS, { reads: 'events' })])).toMatchObject([
      {
        charge: 'cards',
        quantity: '32.5',
        amounts: [
          ['10', 2],
          ['2.5', 1],
          ['10', 1],
        ],
      },
      {
        charge: 'tokens',
        amounts: [
          ['10', 2],
          ['2.5', 1],
          ['77', 1],
          ['10', 1],
          ['2.5', 1],
        ],
      },
    ]);
  });
});

test('more parts or events than a bill can hold are a problem with its cure, and not a bill without them', async () => {
  await drain(
    ['2023-11-10T10:00:00Z', [[TOKENS, '1', { model: 'a' }]]],
    ['2023-11-10T10:00:00Z', [[TOKENS, '1', { model: 'b' }]]],
    ['2023-11-10T10:00:00Z', [[TOKENS, '1', { model: 'c' }]]],
  );
  const readings = [
    reading(TOKENS, { charge: 'models', reads: 'parts', dimensions: ['model'] }),
    reading(TOKENS, { charge: 'each', reads: 'events' }),
    reading(TOKENS, { charge: 'few', reads: 'events', filter: { model: ['a', 'b'] } }),
  ];
  expect(await ask(readings, {}, { partsMax: 3, eventsMax: 3 })).toHaveProperty('sums');
  const gauge = [reading(TOKENS, { isTimeWeighted: true, aggregation: 'latest' })];
  expect(await ask(gauge, {}, { partsMax: 3, eventsMax: 2 })).toHaveProperty('tooMuch');
  const answer = await ask(readings, {}, { partsMax: 2, eventsMax: 2 });
  expect('tooMuch' in answer ? answer.tooMuch.map(tooMuchSentence) : []).toEqual([
    'usage is read in more than 2 parts (values of dimensions, hours, days), most of them of models: price it by a dimension with fewer values',
    'the usage of each has more than 2 events, each of which it is priced by: bill shorter periods, or send fewer and larger ones',
  ]);
});

describe('a part of a period', () => {
  const AT = '2023-11-16T10:20:00.000001Z';

  test('is cut at the exact instant inside an hour, and both sides make the whole', async () => {
    await drain(
      ['2023-11-15T10:00:00Z', everything('1', '4', '1', ADA)],
      ['2023-11-16T10:15:00Z', everything('2', '9', '2', BOB)],
      ['2023-11-16T10:20:00Z', everything('4', '2', '3', ADA)],
      [AT, everything('8', '3', '4', EVE)],
      ['2023-11-16T11:14:59.999999Z', everything('16', '8', '5', ADA)],
      ['2023-11-16T11:15:00Z', everything('32', '1', '6', EVE)],
      ['2023-11-29T10:00:00Z', everything('64', '5', '7', EVE)],
    );
    expect(await quantities(ALL, { to: AT })).toEqual({
      requests: '3',
      tokens: '7',
      peak: '9',
      seats: '3',
      users: '2',
    });
    expect(await quantities(ALL, { from: AT })).toEqual({
      requests: '4',
      tokens: '120',
      peak: '8',
      seats: '7',
      users: '2',
    });
    const [left, right] = [await sum(ALL, { to: AT }), await sum(ALL, { from: AT })];
    expect([left[0]?.eventCount, left[0]?.last?.sequence, right[0]?.first?.sequence]).toEqual(['3', 3, 4]);
  });

  test('may begin and end in hours that are cut, or lie in one hour', async () => {
    await drain(
      ['2023-11-16T10:14:59Z', [[TOKENS, '1']]],
      ['2023-11-16T10:20:00Z', [[TOKENS, '2']]],
      ['2023-11-16T10:30:00Z', [[TOKENS, '4']]],
      ['2023-11-16T12:15:00Z', [[TOKENS, '8']]],
      ['2023-11-16T12:20:00Z', [[TOKENS, '16']]],
    );
    expect(await tokensOf('2023-11-16T10:20:00Z', '2023-11-16T12:20:00Z')).toBe('14');
    expect(await tokensOf('2023-11-16T10:20:00Z', '2023-11-16T10:30:00Z')).toBe('2');
    expect(await tokensOf('2023-11-16T10:15:00Z', '2023-11-16T12:15:00Z')).toBe('6');
    expect(await tokensOf('2023-11-16T10:15:00Z', '2023-11-16T10:30:00Z')).toBe('2');
    expect(await tokensOf('2023-11-16T10:30:00Z', '2023-11-16T11:15:00Z')).toBe('4');
  });

  test('has its own parts and values of events, in the hours and days of the zone', async () => {
    await drain(
      ['2023-11-16T10:19:00Z', [[TOKENS, '1', { model: 'a' }]]],
      ['2023-11-16T10:21:00Z', [[TOKENS, '2', { model: 'a' }]]],
      ['2023-11-16T11:00:00Z', [[TOKENS, '4', { model: 'b' }]]],
      ['2023-11-16T11:15:00Z', [[TOKENS, '8', { model: 'a' }]]],
    );
    const from = '2023-11-16T10:20:00Z';
    const [found] = await sum([reading(TOKENS, { reads: 'parts', dimensions: ['model'], bucket: 'hour' })], { from });
    expect(found?.parts?.map(({ values, bucket, quantity }) => [bucket, values, quantity])).toEqual([
      ['2023-11-16T10:15:00Z', { model: 'a' }, '2'],
      ['2023-11-16T10:15:00Z', { model: 'b' }, '4'],
      ['2023-11-16T11:15:00Z', { model: 'a' }, '8'],
    ]);
    const [byDay] = await sum([reading(TOKENS, { reads: 'parts', bucket: 'day' })], { from });
    expect(byDay?.parts?.map(({ bucket, quantity }) => [bucket, quantity])).toEqual([['2023-11-15T18:15:00Z', '14']]);
    const [events] = await sum([reading(TOKENS, { reads: 'events' })], { from, to: '2023-11-16T11:15:00Z' });
    expect(events).toMatchObject({
      quantity: '6',
      amounts: [
        ['2', 1],
        ['4', 1],
      ],
    });
  });
});

test('late usage is apart from what was billed, before and after it, in the whole and in a part', async () => {
  const late = { accountingStart: DECEMBER };
  const onlyLate = { accounting: [DECEMBER, DECEMBER] } as const;
  const after = { accounting: [NOVEMBER, DECEMBER] } as const;
  await drain(
    ['2023-11-10T10:00:00Z', everything('1', '4', '1', ADA)],
    ['2023-11-16T10:30:00Z', everything('2', '9', '2', BOB)],
    ['2023-11-16T10:25:00Z', everything('4', '12', '3', EVE), late],
    ['2023-11-20T10:00:00Z', everything('8', '3', '4', ADA), late],
  );
  expect(await quantities(ALL)).toEqual({ requests: '2', tokens: '3', peak: '9', seats: '2', users: '2' });
  expect(await quantities(ALL, after)).toEqual({ requests: '4', tokens: '15', peak: '12', seats: '4', users: '3' });
  expect(await quantities(ALL, onlyLate)).toEqual({ requests: '2', tokens: '12', peak: '12', seats: '4', users: '2' });
  const to = '2023-11-16T10:28:00Z';
  expect(await quantities(ALL, { ...after, to })).toMatchObject({ tokens: '5', users: '2', seats: '3' });
  expect(await quantities(ALL, { ...onlyLate, to })).toMatchObject({ tokens: '4', users: '1' });
  const events = [reading(TOKENS, { reads: 'events' })];
  expect(await sum(events, after)).toMatchObject([
    {
      amounts: [
        ['1', 1],
        ['2', 1],
        ['4', 1],
        ['8', 1],
      ],
    },
  ]);
  expect(await sum(events)).toMatchObject([
    {
      amounts: [
        ['1', 1],
        ['2', 1],
      ],
    },
  ]);
});
