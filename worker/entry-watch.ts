import { setTimeout as pause } from 'node:timers/promises';

import { Redis } from 'ioredis';

import type { JournalPosition } from '../src/ledger/journal-position.ts';

/**
 * After a wake-up: entries that come with the first one are drained in the same batch. A batch costs some 5 ms of CPU whatever it
 * holds; at 40,000 events a second on a shard, 100 ms gather nearly a full one. Whoever needs the ledger at once drains by himself.
 */
const GATHER_MS = 100;
const RECONNECT_PAUSE_MS = 500;
/** How much longer than asked Redis may take, before the wait is given up. */
const OVERTIME_MS = 500;

/**
 * Waits for entries of one journal on a connection of its own, because a waiting command keeps its connection from everything
 * else. Faults are no errors here: the wait then simply takes its full time, and draining says what is wrong.
 */
export class EntryWatch {
  readonly #redis: Redis;
  readonly #journalKey: string;

  constructor(redisUrl: string, journalKey: string, onError: (error: Error) => void) {
    this.#journalKey = journalKey;
    this.#redis = new Redis(redisUrl, {
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: null,
      retryStrategy: () => RECONNECT_PAUSE_MS,
    });
    this.#redis.on('error', onError);
  }

  /** Returns when there is an entry after the position, or when the time is over. */
  async wait(after: JournalPosition, timeoutMs: number): Promise<void> {
    const isNew = await Promise.race([this.#read(after, timeoutMs), pause(timeoutMs + OVERTIME_MS, false)]);
    await pause(isNew ? GATHER_MS : 0);
  }

  async #read({ epoch, sequence }: JournalPosition, timeoutMs: number): Promise<boolean> {
    try {
      const position = `${epoch}-${sequence}`;
      const answer = await this.#redis.xread('COUNT', 1, 'BLOCK', timeoutMs, 'STREAMS', this.#journalKey, position);
      return answer !== null;
    } catch {
      await pause(timeoutMs);
      return false;
    }
  }

  close(): void {
    this.#redis.disconnect();
  }
}
