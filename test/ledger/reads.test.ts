import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { knownIds } from '../../src/ledger/known-ids.ts';
import { CursorError, listEvents } from '../../src/ledger/list-events.ts';
import { readUsage } from '../../src/ledger/read-usage.ts';
import { sumRawUsage } from '../../src/ledger/sum-raw-usage.ts';
import { sumUsage } from '../../src/ledger/sum-usage.ts';
import { addMeters, addTenant, createDrainStack, type DrainStack } from '../support/drain-stack.ts';
import {
  idDigest,
  PERIOD_START,
  REQUESTS,
  TOKENS,
  type JournalEvent,
  type JournalMeter,
} from '../support/journal-entry.ts';

const PEAK: JournalMeter = { key: 'peak', scale: 2, aggregation: 'max' };
const SEATS: JournalMeter = { key: 'seats', scale: 0, aggregation: 'latest' };
const USERS: JournalMeter = { key: 'users', scale: 0, aggregation: 'unique' };
const ADA = 'aa'.repeat(16);
const BOB = 'bb'.repeat(16);

let stack: DrainStack;
beforeEach(async () => {
  stack = await createDrainStack();
  await addMeters(stack.pool, [REQUESTS, TOKENS, PEAK, SEATS, USERS]);
});
afterEach(async () => stack.close());

async function drain(...entries: readonly (readonly JournalEvent[])[]): Promise<void> {
  for (const events of entries) {
    await stack.append(events);
    await drainAll(stack, { timeoutMs: 60_000 });
  }
}

const SELECTION = { tenant: 'acme', accountingPeriod: requireInstant(PERIOD_START) };

const at = (hour: number, rest: string) => `2023-11-16T${String(hour).padStart(2, '0')}:${rest}Z`;

describe('the sums of a period, from rollups and from rows', () => {
  test('agree for every aggregation, over batches, hours and dimensions', async () => {
    await drain(
      [
        {
          id: '1',
          at: at(10, '00:00'),
          readings: [
            [TOKENS, '1.5', { model: 'small' }],
            [PEAK, '2.25'],
            [USERS, ADA],
          ],
        },
        {
          id: '2',
          at: at(12, '00:00'),
          readings: [
            [TOKENS, '0.125', { model: 'large' }],
            [SEATS, '7'],
            [USERS, BOB],
          ],
        },
        {
          id: '3',
          at: at(11, '00:00'),
          readings: [
            [SEATS, '9'],
            [USERS, ADA],
            [REQUESTS, '1'],
          ],
        },
      ],
      [
        {
          id: '4',
          at: at(10, '30:00'),
          readings: [
            [PEAK, '10'],
            [TOKENS, '9007199254740.991', { model: 'small' }],
          ],
        },
        {
          id: '5',
          at: at(12, '00:00'),
          readings: [
            [SEATS, '5'],
            [PEAK, '9.99'],
            [REQUESTS, '1'],
          ],
        },
        {
          id: '6',
          at: at(9, '00:00'),
          readings: [
            [SEATS, '1000'],
            [TOKENS, '9007199254740.991', { model: 'small' }],
          ],
        },
        { id: '7', at: at(9, '30:00'), tenant: 'globex', readings: [[REQUESTS, '1']] },
      ],
    );
    const sums = await sumUsage(stack.pool, SELECTION);
    expect(sums.map(({ meter, quantity, eventCount }) => [meter, quantity, eventCount])).toEqual([
      ['peak', '10', '3'],
      ['requests', '2', '2'],
      ['seats', '5', '4'],
      ['tokens', '18014398509483.607', '4'],
      ['users', '2', '3'],
    ]);
    expect(sums.find(({ meter }) => meter === 'tokens')).toMatchObject({
      first: { epoch: 1, sequence: 1 },
      last: { epoch: 1, sequence: 6 },
    });
    expect(await sumRawUsage(stack.pool, SELECTION)).toEqual(sums);
  });

  test('keep late usage apart by the period it was used in', async () => {
    const december = '2023-12-01T00:00:00Z';
    await drain([
      { id: '1', at: '2023-12-02T00:00:00Z', usageStart: december },
      { id: '2', at: '2023-11-30T00:00:00Z', usageStart: PERIOD_START, accountingStart: december },
    ]);
    const selection = { tenant: 'acme', accountingPeriod: requireInstant(december) };
    const sums = await sumUsage(stack.pool, selection);
    expect(sums.map(({ usagePeriodMicros, quantity }) => [usagePeriodMicros, quantity])).toEqual([
      [requireInstant(PERIOD_START), '1'],
      [requireInstant(december), '1'],
    ]);
    expect(await sumRawUsage(stack.pool, selection)).toEqual(sums);
    expect(await sumUsage(stack.pool, { ...selection, usagePeriod: requireInstant(december) })).toEqual(sums.slice(1));
    expect(await sumUsage(stack.pool, SELECTION)).toEqual([]);
  });

  test('differ when a rollup was changed behind the back', async () => {
    await drain([{ id: '1', at: '2023-11-16T10:00:00Z' }]);
    await stack.pool.query('update usage_daily set event_count = event_count + 1');
    expect(await sumUsage(stack.pool, SELECTION)).toMatchObject([{ quantity: '2' }]);
    expect(await sumRawUsage(stack.pool, SELECTION)).toMatchObject([{ quantity: '1' }]);
  });
});

const peak = (id: string, value: string): JournalEvent => ({
  id,
  at: at(10, '00:00'),
  readings: [[PEAK, value]],
});

test('a maximum within one hour of one batch is the largest, wherever it stands', async () => {
  await drain([peak('1', '2'), peak('2', '10'), peak('3', '9.5')]);
  expect(await sumUsage(stack.pool, SELECTION)).toMatchObject([{ quantity: '10', eventCount: '3' }]);
});

describe('usage by time', () => {
  test('follows the hours and days of the tenant in Kathmandu', async () => {
    const timeZone = 'Asia/Kathmandu';
    const event = (id: string, occurredAt: string): JournalEvent => ({
      id,
      at: occurredAt,
      timeZone,
      readings: [
        [REQUESTS, '1'],
        [USERS, ADA],
      ],
    });
    await drain([
      event('before midnight', '2023-11-15T18:14:59.999999Z'),
      event('midnight', '2023-11-15T18:15:00Z'),
      event('same hour', '2023-11-15T19:14:59Z'),
      event('next hour', '2023-11-15T19:15:00Z'),
    ]);
    const query = {
      tenant: 'acme',
      from: requireInstant('2023-11-14T18:15:00Z'),
      to: requireInstant('2023-11-17T18:15:00Z'),
      timeZone,
      meters: ['requests'],
    };
    const days = await readUsage(stack.pool, { ...query, by: 'day' });
    expect(days.map(({ startMicros, quantity }) => [startMicros, quantity])).toEqual([
      [requireInstant('2023-11-14T18:15:00Z'), '1'],
      [requireInstant('2023-11-15T18:15:00Z'), '3'],
    ]);
    const hours = await readUsage(stack.pool, { ...query, by: 'hour' });
    expect(hours.map(({ startMicros, quantity }) => [startMicros, quantity])).toEqual([
      [requireInstant('2023-11-15T17:15:00Z'), '1'],
      [requireInstant('2023-11-15T18:15:00Z'), '2'],
      [requireInstant('2023-11-15T19:15:00Z'), '1'],
    ]);
    const users = await readUsage(stack.pool, { ...query, by: 'day', meters: ['users'] });
    expect(users.map(({ quantity, eventCount }) => [quantity, eventCount])).toEqual([
      ['1', '1'],
      ['0', '3'],
    ]);
  });

  test('keeps both hours of the night in which a clock goes back, and answers the last value of each span', async () => {
    const timeZone = 'Europe/Berlin';
    const usageStart = '2023-10-15T22:00:00Z';
    const seats = (id: string, occurredAt: string, value: string): JournalEvent => ({
      id,
      at: occurredAt,
      timeZone,
      usageStart,
      readings: [
        [SEATS, value],
        [REQUESTS, '1'],
      ],
    });
    await addTenant(stack.pool, 'acme', { billingStart: '2023-09-15T22:00:00Z' });
    await stack.pool.query(`
insert into billing_period (tenant, period_start, period_end, ordinal)
values ('acme', '2023-09-15T22:00Z', '2023-10-15T22:00Z', 0), ('acme', '2023-10-15T22:00Z', '2023-11-15T23:00Z', 1)`);
    await drain([
      seats('b', '2023-10-29T01:30:00Z', '7'),
      seats('a', '2023-10-29T00:30:00Z', '9'),
      seats('c', '2023-10-29T22:59:59Z', '5'),
      seats('d', '2023-10-29T23:00:00Z', '2'),
    ]);
    const query = {
      tenant: 'acme',
      from: requireInstant('2023-10-28T22:00:00Z'),
      to: requireInstant('2023-10-31T23:00:00Z'),
      timeZone,
    };
    const read = async (by: 'hour' | 'day' | 'month', meter: string): Promise<unknown[]> => {
      const buckets = await readUsage(stack.pool, { ...query, by, meters: [meter] });
      return buckets.map(({ startMicros, quantity }) => [formatInstant(startMicros), quantity]);
    };
    expect(await read('hour', 'requests')).toEqual([
      ['2023-10-29T00:00:00Z', '1'],
      ['2023-10-29T01:00:00Z', '1'],
      ['2023-10-29T22:00:00Z', '1'],
      ['2023-10-29T23:00:00Z', '1'],
    ]);
    expect(await read('day', 'seats')).toEqual([
      ['2023-10-28T22:00:00Z', '5'],
      ['2023-10-29T23:00:00Z', '2'],
    ]);
    expect(await read('day', 'requests')).toEqual([
      ['2023-10-28T22:00:00Z', '3'],
      ['2023-10-29T23:00:00Z', '1'],
    ]);
    expect(await read('month', 'seats')).toEqual([['2023-09-30T22:00:00Z', '2']]);
  });
});

describe('events of a tenant', () => {
  test('are listed in pages that join without a gap, also where times are equal', async () => {
    const events = Array.from({ length: 25 }, (_, index) => ({
      id: `event-${index}`,
      at: index % 3 === 0 ? '2023-11-16T10:00:00Z' : `2023-11-16T10:00:${10 + index}.000001Z`,
      tenant: index === 24 ? 'globex' : 'acme',
    }));
    await drain(events);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listEvents(stack.pool, {
        tenant: 'acme',
        limit: 7,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...page.events.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(24);
    expect(seen).toHaveLength(24);
  });

  test('can be chosen by type, time, period and meter', async () => {
    await drain([
      { id: 'a', at: '2023-11-16T10:00:00.5Z', type: 'llm.request', properties: { model: 'small' }, quantity: '2' },
      { id: 'b', at: '2023-11-16T11:00:00Z', type: 'upload', readings: [[TOKENS, '1', { model: 'x' }]] },
      { id: 'c', at: '2023-11-16T12:00:00Z', accountingStart: '2023-12-01T00:00:00Z' },
    ]);
    const ids = async (more: object) =>
      (await listEvents(stack.pool, { tenant: 'acme', limit: 10, ...more })).events.map(({ id }) => id);
    expect(await ids({ type: 'upload' })).toEqual(['b']);
    expect(await ids({ meter: 'tokens' })).toEqual(['b']);
    expect(await ids({ from: requireInstant('2023-11-16T11:00:00Z') })).toEqual(['b', 'c']);
    expect(await ids({ to: requireInstant('2023-11-16T11:00:00Z') })).toEqual(['a']);
    expect(await ids({ accountingPeriod: requireInstant('2023-12-01T00:00:00Z') })).toEqual(['c']);
    const { events } = await listEvents(stack.pool, { tenant: 'acme', limit: 1 });
    expect(events).toMatchObject([
      {
        id: 'a',
        occurredAt: '2023-11-16T10:00:00.500000Z',
        quantity: '2',
        properties: { model: 'small' },
        position: '1-1',
      },
    ]);
  });

  test('refuse a cursor that is not theirs', async () => {
    await expect(listEvents(stack.pool, { tenant: 'acme', limit: 1, cursor: 'bm9wZQ' })).rejects.toBeInstanceOf(
      CursorError,
    );
  });
});

test('known ids are found by tenant, time and id together', async () => {
  const occurredAt = '2023-11-16T10:00:00.000001Z';
  await drain([{ id: 'a', at: occurredAt }]);
  const identity = { tenant: 'acme', occurredAtMicros: requireInstant(occurredAt), idDigest: idDigest('acme', 'a') };
  const known = await knownIds(stack.pool, [
    identity,
    { ...identity, occurredAtMicros: identity.occurredAtMicros + 1 },
    { ...identity, tenant: 'globex' },
    { ...identity, idDigest: idDigest('acme', 'b') },
  ]);
  expect(known).toEqual([{ ...identity, contentDigest: expect.any(Buffer) as Buffer }]);
  expect(await knownIds(stack.pool, [])).toEqual([]);
});
