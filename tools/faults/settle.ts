import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { shardKey } from '../../src/meter/keys.ts';
import type { MeterConnection } from '../../src/meter/meter-connection.ts';

const SETTLE_TIMEOUT_MS = 90_000;
const POLL_MS = 25;

interface Position {
  readonly shard: number;
  readonly epoch: string;
  readonly sequence: string;
}

/** What keeps a journal from being in the ledger; `undefined` when all of it is. */
async function behind(redis: Pick<MeterConnection, 'hmget'>, database: Client): Promise<string | undefined> {
  const { rows } = await database.query<Position>(
    'select shard::integer, epoch::text, sequence::text from journal_position order by shard',
  );
  if (rows.length === 0) return 'no shard has a position';
  for (const { shard, epoch, sequence } of rows) {
    const record = await redis.hmget(shardKey(shard), 'epoch', 'sequence');
    if (record[0] !== epoch || record[1] !== sequence) {
      return `shard ${shard}: Redis is at ${record.join('-')}, the ledger at ${epoch}-${sequence}`;
    }
  }
  return undefined;
}

/**
 * Waits until the ledger's position in every shard is that of Redis: everything that was accepted is in the ledger.
 *
 * @returns what is still missing when the time is up; `undefined` when all of it arrived
 */
export async function settle(redis: Pick<MeterConnection, 'hmget'>, database: Client): Promise<string | undefined> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const missing = await behind(redis, database).catch((error: unknown) => String(error));
    if (missing === undefined || performance.now() > deadline) return missing;
    await delay(POLL_MS);
  }
}
