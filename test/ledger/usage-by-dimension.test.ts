import { afterEach, beforeEach, expect, test } from 'vitest';

import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { readUsage, readUsageByDimension } from '../../src/ledger/read-usage.ts';
import { addMeters, createDrainStack, type DrainStack } from '../support/drain-stack.ts';
import { REQUESTS, TOKENS, type JournalEvent, type JournalMeter } from '../support/journal-entry.ts';

const PEAK: JournalMeter = { key: 'peak', scale: 2, aggregation: 'max' };
const SEATS: JournalMeter = { key: 'seats', scale: 0, aggregation: 'latest' };
const USERS: JournalMeter = { key: 'users', scale: 0, aggregation: 'unique' };
const METERS = [REQUESTS, TOKENS, PEAK, SEATS, USERS];
const [ADA, BOB] = ['aa'.repeat(16), 'bb'.repeat(16)];
const SPAN = {
  tenant: 'acme',
  from: requireInstant('2023-11-16T00:00:00Z'),
  to: requireInstant('2023-11-18T00:00:00Z'),
  timeZone: 'UTC',
};

let stack: DrainStack;
beforeEach(async () => {
  stack = await createDrainStack();
  await addMeters(stack.pool, METERS);
});
afterEach(() => stack.close());

function event(
  id: string,
  occurredAt: string,
  dimensions: Record<string, string | number | boolean> | undefined,
  values: { readonly [meter: string]: string },
): JournalEvent {
  const readings = METERS.flatMap((meter) => {
    const value = values[meter.key];
    if (value === undefined) return [];
    return [dimensions === undefined ? ([meter, value] as const) : ([meter, value, dimensions] as const)];
  });
  return { id, at: occurredAt, readings };
}

function each(tokens: string, peak: string, seats: string, users: string): { readonly [meter: string]: string } {
  return { tokens, peak, seats, users };
}

async function read(meter: string, dimension: string, by: 'hour' | 'day' = 'day') {
  const rows = await readUsageByDimension(stack.pool, { ...SPAN, by, meter, dimension });
  return rows.map(({ startMicros, value, quantity }) => [formatInstant(startMicros).slice(8, 13), value, quantity]);
}

test('usage is cut by the values of one dimension, whatever the others are, by the rule of each aggregation', async () => {
  const small = { model: 'small', region: 'eu' };
  await stack.append([
    event('1', '2023-11-16T10:00:00Z', small, each('1.5', '2.25', '7', ADA)),
    event('2', '2023-11-16T11:00:00Z', { ...small, region: 'us' }, each('2', '9', '3', ADA)),
    event('3', '2023-11-16T12:00:00Z', { ...small, model: 'large' }, each('10', '1', '40', BOB)),
  ]);
  await stack.append([
    event('4', '2023-11-16T10:30:00Z', small, each('0.5', '1', '5', BOB)),
    event('5', '2023-11-17T00:00:00Z', small, each('4', '4', '2', ADA)),
    event('6', '2023-11-17T01:00:00Z', undefined, each('8', '8', '8', BOB)),
  ]);
  await drainAll(stack, { timeoutMs: 60_000 });
  expect(await read('tokens', 'model')).toEqual([
    ['16T00', 'large', '10'],
    ['16T00', 'small', '4'],
    ['17T00', null, '8'],
    ['17T00', 'small', '4'],
  ]);
  expect(await read('peak', 'model')).toEqual([
    ['16T00', 'large', '1'],
    ['16T00', 'small', '9'],
    ['17T00', null, '8'],
    ['17T00', 'small', '4'],
  ]);
  expect(await read('seats', 'model')).toEqual([
    ['16T00', 'large', '40'],
    ['16T00', 'small', '3'],
    ['17T00', null, '8'],
    ['17T00', 'small', '2'],
  ]);
  expect(await read('users', 'model')).toEqual([
    ['16T00', 'large', '1'],
    ['16T00', 'small', '2'],
    ['17T00', null, '1'],
    ['17T00', 'small', '0'],
  ]);
  expect(await read('tokens', 'model', 'hour')).toHaveLength(5);
  expect(await read('tokens', 'nothing')).toEqual([
    ['16T00', null, '14'],
    ['17T00', null, '12'],
  ]);
  const whole = await readUsage(stack.pool, { ...SPAN, by: 'day', meters: ['tokens'] });
  expect(whole.map(({ quantity, eventCount }) => [quantity, eventCount])).toEqual([
    ['14', '4'],
    ['12', '2'],
  ]);
});

test('values that look alike are told apart by their kind', async () => {
  const kinds = [1, '1', true, 'true', ''];
  await stack.append(
    kinds.map((kind, index) => event(String(index), '2023-11-16T10:00:00Z', { kind }, { tokens: String(index) })),
  );
  await drainAll(stack, { timeoutMs: 60_000 });
  const rows = await read('tokens', 'kind');
  expect(new Map(rows.map(([, value, quantity]) => [value, quantity]))).toEqual(
    new Map(kinds.map((kind, index) => [kind, String(index)])),
  );
});
