import type pg from 'pg';

import { appendEvents } from '../ledger/append-events.ts';
import { refuseDuplicates } from '../ledger/refused-duplicates.ts';
import { upsertRollups } from '../ledger/rollups.ts';
import { claimIdentities } from '../ledger/strict-ids.ts';
import { rememberUniqueValues } from '../ledger/unique-values.ts';
import type { JournalRow } from './journal-entry.ts';

/** What appending did; `chainBytes` of the new rows, for the link. */
export interface AppendedRows {
  readonly rows: number;
  readonly refused: number;
  readonly chainBytes: Buffer;
}

const NOBODY: ReadonlySet<number> = new Set();

/**
 * Books rows of one shard and epoch, in order of sequence: events, rollups and distinct values of those that are new, refusals of
 * those that the ledger has. With `isStrict` a known id of another time is refused as well. The caller holds the position's lock and writes the link.
 */
export async function appendRows(
  client: pg.PoolClient,
  source: { shard: number; epoch: number },
  rows: readonly JournalRow[],
  { isStrict }: { readonly isStrict: boolean },
): Promise<AppendedRows> {
  const strangers = isStrict ? await claimIdentities(client, rows) : NOBODY;
  const wanted = strangers.size === 0 ? rows : rows.filter((row) => !strangers.has(row.sequence));
  const { rows: fresh, chainBytes } = await appendEvents(client, source, wanted);
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
