import type pg from 'pg';
import { appendChainLink } from '../ledger/chain-link.ts';
import { inTransaction } from '../ledger/database.ts';
import { writeDeadLetter } from '../ledger/dead-letters.ts';
import { advancePosition, comparePositions, type JournalPosition, lockPosition } from '../ledger/journal-position.ts';
import { appendRows } from './append-rows.ts';
import { bookLateUsage } from './book-late-usage.ts';
import type { DrainContext } from './drain-context.ts';
import type { JournalBatch } from './journal-batch.ts';

/** What one drain transaction did; `stale` when another process had drained the batch meanwhile and nothing was written. */
export type BatchOutcome =
  | { readonly kind: 'stale' }
  | {
      readonly kind: 'written';
      /** What is committed: less than the batch when another process took over half-way. */
      readonly through: JournalPosition;
      readonly rows: number;
      readonly refused: number;
      readonly setAside: number;
    };

/**
 * The drain transaction: everything a batch means for the ledger, together with the new position, under the position's row
 * lock. So each event is counted exactly once whoever drains, however often.
 */
export async function writeBatch(context: DrainContext, batch: JournalBatch): Promise<BatchOutcome> {
  return inTransaction(context.pool, async (client) => {
    const position = await lockPosition(client, context.shard);
    if (comparePositions(position, batch.after) !== 0) return { kind: 'stale' };
    const source = { shard: context.shard, epoch: batch.epoch };
    const rows = await bookLateUsage(client, { ...source, at: context.clock() }, batch.rows);
    const counts = await appendRows(client, source, rows, position);
    const setAside = await writePoison(client, context, batch);
    const { firstSequence, lastSequence } = batch;
    const link = { ...source, firstSequence, lastSequence, rowCount: counts.rows };
    const chainDigest = await appendChainLink(client, position.chainDigest, link, counts.chainBytes);
    const to = { epoch: batch.epoch, sequence: batch.lastSequence };
    await advancePosition(client, { shard: context.shard, to, chainDigest });
    return { kind: 'written', through: to, rows: counts.rows, refused: counts.refused, setAside };
  });
}

async function writePoison(client: pg.PoolClient, context: DrainContext, batch: JournalBatch): Promise<number> {
  for (const item of batch.poison) {
    await writeDeadLetter(client, { shard: context.shard, epoch: batch.epoch, ...item }, context.clock());
  }
  return batch.poison.length;
}
