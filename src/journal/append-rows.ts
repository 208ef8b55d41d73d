import type pg from 'pg';

import { appendEvents } from '../ledger/append-events.ts';
import { refuseDuplicates } from '../ledger/refused-duplicates.ts';
import { upsertRollups } from '../ledger/rollups.ts';
import { claimIdentities } from '../ledger/strict-ids.ts';
import { rememberUniqueValues } from '../ledger/unique-values.ts';
import type { RowSource } from '../ledger/usage-row-bytes.ts';
import { type GatheredRows, gatherRows } from './gather-rows.ts';

/** What appending did; `chainBytes` of the new rows, for the link. */
export interface AppendedRows {
  readonly rows: number;
  readonly refused: number;
  readonly chainBytes: Buffer;
}

/**
 * Books rows of one shard and epoch: events, rollups and distinct values of those that are new, refusals of those that the ledger has.
 * With `isStrict` a known id of another time is refused as well. The caller holds the position's lock and writes the link.
 */
export async function appendRows(
  client: pg.PoolClient,
  source: RowSource,
  sent: GatheredRows,
  { isStrict }: { readonly isStrict: boolean },
): Promise<AppendedRows> {
  if (sent.count === 0) return { rows: 0, refused: 0, chainBytes: sent.chainBytes };
  const fresh = await appendFresh(client, source, isStrict ? await withoutStrangers(client, source, sent) : sent);
  await upsertRollups(client, source.epoch, fresh.rollups);
  await rememberUniqueValues(client, fresh.uniqueValues);
  if (fresh.count < sent.count) {
    const kept = new Set(fresh.rows().map(({ sequence }) => sequence));
    await refuseDuplicates(
      client,
      source,
      sent.rows().filter(({ sequence }) => !kept.has(sequence)),
    );
  }
  return { rows: fresh.count, refused: sent.count - fresh.count, chainBytes: fresh.chainBytes };
}

async function withoutStrangers(client: pg.PoolClient, source: RowSource, sent: GatheredRows): Promise<GatheredRows> {
  const strangers = await claimIdentities(client, sent.rows());
  if (strangers.size === 0) return sent;
  return gatherRows(
    source,
    sent.rows().filter(({ sequence }) => !strangers.has(sequence)),
  );
}

async function appendFresh(client: pg.PoolClient, source: RowSource, wanted: GatheredRows): Promise<GatheredRows> {
  if (wanted.count === 0) return wanted;
  const fresh = await appendEvents(client, source, wanted.copyBytes, wanted.rows);
  return fresh === undefined ? wanted : gatherRows(source, fresh);
}
