import type pg from 'pg';

import { appendEvents } from '../ledger/append-events.ts';
import { refuseDuplicates } from '../ledger/refused-duplicates.ts';
import { upsertRollups } from '../ledger/rollups.ts';
import { rememberUniqueValues } from '../ledger/unique-values.ts';
import type { JournalRow } from './journal-entry.ts';

/** What appending did; `chainBytes` of the new rows, for the link. */
export interface AppendedRows {
  readonly rows: number;
  readonly refused: number;
  readonly chainBytes: Buffer;
}

/**
 * Books rows of one shard and epoch, in order of sequence: events, rollups and distinct values of those that are new, refusals of
 * those that the ledger has. The caller holds the position's lock and writes the link.
 */
export async function appendRows(
  client: pg.PoolClient,
  source: { shard: number; epoch: number },
  rows: readonly JournalRow[],
): Promise<AppendedRows> {
  const { rows: fresh, chainBytes } = await appendEvents(client, source, rows);
  await upsertRollups(client, source.epoch, fresh);
  await rememberUniqueValues(client, fresh);
  if (fresh.length < rows.length) {
    const kept = new Set(fresh);
    await refuseDuplicates(
      client,
      source,
      rows.filter((row) => !kept.has(row)),
    );
  }
  return { rows: fresh.length, refused: rows.length - fresh.length, chainBytes };
}
