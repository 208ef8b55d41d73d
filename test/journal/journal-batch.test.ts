import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { readBatch } from '../../src/journal/journal-batch.ts';
import { createDrainStack, type DrainStack, JOURNAL_KEY } from '../support/drain-stack.ts';

let stack: DrainStack;

beforeEach(async () => {
  stack = await createDrainStack();
});
afterEach(() => stack.close());

const START = { epoch: 1, sequence: 0 };

async function appendEntries(count: number): Promise<void> {
  for (let entry = 0; entry < count; entry += 1) {
    await stack.append([{ id: `event-${entry}`, at: '2023-11-16T10:00:00Z' }]);
  }
}

test('no page asks for more entries than memory can hold, however small the first ones are', async () => {
  await appendEntries(400);
  const read = vi.spyOn(stack.redis, 'xrangeBuffer');
  const batch = await readBatch(stack, START);
  expect(batch).toMatchObject({ firstSequence: 1, lastSequence: 400, backlog: false });
  const counts = read.mock.calls.map((call) => Number((call as readonly unknown[])[4]));
  expect(counts.length).toBeGreaterThan(2);
  expect(Math.max(...counts)).toBeLessThanOrEqual(256);
});

test('a batch ends where its entries are large, and the next one goes on from there', async () => {
  await appendEntries(3);
  const large = Buffer.alloc(40 * 1_048_576, 'x');
  const copy = async (id: string, sequence: string): Promise<void> => {
    await stack.redis.xadd(JOURNAL_KEY, id, 'f', '1', 's', sequence, 'e', large);
  };
  await copy('1-4', '4');
  await copy('1-5', '5');
  await copy('1-6', '6');
  const batch = await readBatch(stack, START);
  expect(batch).toMatchObject({ firstSequence: 1, lastSequence: 5, backlog: true });
  expect(await readBatch(stack, { epoch: 1, sequence: 5 })).toMatchObject({ firstSequence: 6, backlog: false });
});
