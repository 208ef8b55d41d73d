import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { DrainContext, JournalTrim, TrimmedPosition } from '../../src/journal/drain-context.ts';
import { drainAll, drainUntil } from '../../src/journal/drain-until.ts';
import { BarrierTimeoutError, JournalGapError } from '../../src/journal/journal-errors.ts';
import { countRows } from '../support/count-rows.ts';
import { createDrainStack, type DrainStack } from '../support/drain-stack.ts';
import type { JournalEvent } from '../support/journal-entry.ts';

let stack: DrainStack;
beforeEach(async () => {
  stack = await createDrainStack();
});
afterEach(async () => stack.close());

function events(prefix: string, count: number): JournalEvent[] {
  return Array.from({ length: count }, (_, index) => ({ id: `${prefix}-${index}`, at: '2023-11-16T10:00:00Z' }));
}

/** The trim of a process that was stopped between its commit and its trim. */
class NeverTrim implements JournalTrim {
  readTrimmed(): Promise<TrimmedPosition> {
    return Promise.resolve({ epoch: 0, sequence: 0, keptFrom: { epoch: 0, sequence: 0 } });
  }

  closeShard(): Promise<void> {
    return Promise.resolve();
  }

  trim(): Promise<void> {
    return Promise.resolve();
  }
}

describe('the barrier', () => {
  test('answers when everything up to the fence is in the ledger', async () => {
    for (let entry = 0; entry < 8; entry += 1) await stack.append(events(`entry-${entry}`, 1_000));
    const position = await drainUntil(stack, { epoch: 1, sequence: 7_500 }, { timeoutMs: 60_000 });
    expect(position).toEqual({ epoch: 1, sequence: 8_000 });
    expect(await countRows(stack.pool, 'usage_event')).toBe(8_000);
  });

  test('has trimmed through the fence when it answers, also when another process drained and has not trimmed yet', async () => {
    await stack.append(events('entry', 3));
    const other = { ...stack, trim: new NeverTrim() };
    // The other process commits between this one's reading of the journal and its transaction.
    const racing: DrainContext = {
      ...stack,
      redis: new Proxy(stack.redis, {
        get: (redis, name) => {
          if (name !== 'xrangeBuffer') return Reflect.get(redis, name, redis) as unknown;
          return async (...range: Parameters<typeof redis.xrangeBuffer>) => {
            const found = await redis.xrangeBuffer(...range);
            await drainAll(other, { timeoutMs: 60_000 });
            return found;
          };
        },
      }),
    };
    const position = await drainUntil(racing, { epoch: 1, sequence: 3 }, { timeoutMs: 60_000 });
    expect(position).toEqual({ epoch: 1, sequence: 3 });
    expect(stack.trim.trimmed).toEqual(position);
  });

  test('answers at once for a fence of an earlier epoch', async () => {
    await stack.append(events('old', 1), 1);
    await drainAll(stack, { timeoutMs: 60_000 });
    await stack.append(events('new', 1), 2);
    await drainAll(stack, { timeoutMs: 60_000 });
    expect(await drainUntil(stack, { epoch: 1, sequence: 99 }, { timeoutMs: 60_000 })).toEqual({
      epoch: 2,
      sequence: 1,
    });
  });

  test('refuses a fence that the journal does not reach, naming the loss', async () => {
    await stack.append(events('kept', 2));
    const barrier = drainUntil(stack, { epoch: 1, sequence: 5 }, { timeoutMs: 60_000 });
    await expect(barrier).rejects.toBeInstanceOf(JournalGapError);
    const { rows } = await stack.pool.query('select details from incident');
    expect(rows).toEqual([{ details: { ledger: '1-2', journal: null, firstMissing: '1-3', lastMissing: '1-5' } }]);
    expect(stack.trim.closings).toBe(1);
  });

  test('gives up after its time, keeping what was drained', async () => {
    for (let entry = 0; entry < 11; entry += 1) await stack.append(events(`entry-${entry}`, 1_000));
    const barrier = drainUntil(stack, { epoch: 1, sequence: 11_000 }, { timeoutMs: 500 });
    await expect(barrier).rejects.toBeInstanceOf(BarrierTimeoutError);
    expect(await countRows(stack.pool, 'usage_event')).toBe(10_000);
  });
});
