import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import type { Redis } from 'ioredis';

import type { JournalPosition } from '../src/ledger/journal-position.ts';
import { type MeterConnection, nodeServing } from '../src/meter/meter-connection.ts';

/**
 * After a wake-up: entries that come with the first one are drained in the same batch. A batch costs some 5 ms of CPU whatever it
 * holds; at 40,000 events a second on a shard, 200 ms gather most of a full one. Whoever needs the ledger at once drains by himself.
 */
const GATHER_MS = 200;
const RECONNECT_PAUSE_MS = 500;
/** How much longer than asked Redis may take, before the wait is given up. */
const OVERTIME_MS = 500;

/**
 * Waits for entries of one journal on a connection of its own, because a waiting command keeps its connection from everything
 * else. Faults are no errors here: the wait then simply takes its full time, and draining says what is wrong.
 */
export class EntryWatch {
  readonly #redis: MeterConnection;
  readonly #journalKey: string;
  readonly #onError: (error: Error) => void;
  /** The server that holds the journal, and the connection to it that waits. */
  #waiting: { readonly server: Redis; readonly connection: Redis } | undefined;

  /** @param redis the program's connection, which says where the journal is; nothing waits on it */
  constructor(redis: MeterConnection, journalKey: string, onError: (error: Error) => void) {
    this.#redis = redis;
    this.#journalKey = journalKey;
    this.#onError = onError;
  }

  /** Returns when there is an entry after the position, or when the time is over. */
  async wait(after: JournalPosition, timeoutMs: number): Promise<void> {
    const isNew = await Promise.race([this.#read(after, timeoutMs), pause(timeoutMs + OVERTIME_MS, false)]);
    await pause(isNew ? GATHER_MS : 0);
  }

  async #read({ epoch, sequence }: JournalPosition, timeoutMs: number): Promise<boolean> {
    try {
      const position = `${epoch}-${sequence}`;
      const connection = this.#connection();
      if (connection.status !== 'ready') await once(connection, 'ready', { signal: AbortSignal.timeout(timeoutMs) });
      const answer = await connection.xread('COUNT', 1, 'BLOCK', timeoutMs, 'STREAMS', this.#journalKey, position);
      return answer !== null;
    } catch {
      await pause(timeoutMs);
      return false;
    }
  }

  /** In a cluster the journal may be on another node than before. */
  #connection(): Redis {
    const server = nodeServing(this.#redis, this.#journalKey);
    if (this.#waiting?.server !== server) {
      this.#waiting?.connection.disconnect();
      const connection = server.duplicate({
        maxRetriesPerRequest: null,
        commandTimeout: undefined,
        retryStrategy: () => RECONNECT_PAUSE_MS,
      });
      connection.on('error', this.#onError);
      this.#waiting = { server, connection };
    }
    return this.#waiting.connection;
  }

  close(): void {
    this.#waiting?.connection.disconnect();
  }
}
