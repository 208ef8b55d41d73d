import type pg from 'pg';

import { type DeadLetterCase, type LetterDecision, resolveDeadLetter } from '../ledger/dead-letter-cases.ts';
import { appendChainLink } from '../ledger/chain-link.ts';
import { inTransaction } from '../ledger/database.ts';
import {
  advancePosition,
  beginEpoch,
  type JournalIncarnation,
  type LedgerPosition,
  lockPosition,
} from '../ledger/journal-position.ts';
import { readCatalogueVersion } from '../ledger/read-catalogue-version.ts';
import { appendRows } from './append-rows.ts';
import { bookLateUsage } from './book-late-usage.ts';
import { decodeLetter } from './decode-letter.ts';
import { gatherRows } from './gather-rows.ts';
import type { JournalRow } from './journal-entry.ts';

/** What a replay writes with. */
export interface LetterReplay {
  readonly pool: pg.Pool;
  readonly letter: DeadLetterCase;
  readonly decision: Omit<LetterDecision, 'resolution'>;
}

/** What became of a replayed letter. */
export interface ReplayedLetter {
  /** Events that were new to the ledger, and events that it had already. */
  readonly rows: number;
  readonly refused: number;
}

/**
 * Puts the events of a dead letter into the ledger as the beginning of the epoch that it gives out: sequences and chain of an
 * ended epoch cannot grow any more, and with the next one all counters of the shard come from the ledger, this usage included.
 * Everything is one transaction with the decision. Call it where `beginEpoch` is called: with the shard fenced and drained.
 *
 * @returns `undefined` for `replayed` when another process has given out an epoch meanwhile, or the letter is closed already:
 *   nothing was changed
 * @throws JournalDataError when what was kept cannot be read, database errors when it still cannot be written
 */
export async function replayLetter(
  { pool, letter, decision }: LetterReplay,
  next: { readonly afterEpoch: number; readonly incarnation: JournalIncarnation },
): Promise<{ position: LedgerPosition; catalogueVersion: number; replayed: ReplayedLetter | undefined }> {
  const decoded = decodeLetter(letter);
  return inTransaction(pool, async (client) => {
    const locked = await lockPosition(client, letter.shard);
    const begun = await beginEpoch(client, letter.shard, next);
    const catalogueVersion = await readCatalogueVersion(client);
    if (locked.epoch > next.afterEpoch) return { position: begun, catalogueVersion, replayed: undefined };
    const source = { shard: letter.shard, epoch: begun.epoch };
    const rows = await bookLateUsage(client, { ...source, at: decision.at }, gatherRows(source, renumber(decoded)));
    const counts = await appendRows(client, source, rows, locked);
    const to = { epoch: begun.epoch, sequence: rows.count };
    const link = { ...source, firstSequence: 1, lastSequence: rows.count, rowCount: counts.rows };
    const chainDigest = await appendChainLink(client, locked.chainDigest, link, counts.chainBytes);
    await advancePosition(client, { shard: letter.shard, to, chainDigest });
    const resolution = counts.rows === 0 ? 'duplicate' : 'replayed';
    const isResolved = await resolveDeadLetter(client, letter.id, { ...decision, resolution });
    if (!isResolved) throw new LetterClosedError(letter.id);
    const replayed = { rows: counts.rows, refused: counts.refused };
    return { position: { ...begun, ...to }, catalogueVersion, replayed };
  });
}

/** Another request has closed the letter. */
export class LetterClosedError extends Error {
  override readonly name = 'LetterClosedError';

  constructor(id: number) {
    super(`dead letter ${id} is closed already`);
  }
}

function renumber(rows: readonly JournalRow[]): readonly JournalRow[] {
  return rows.map((row, index) => ({ ...row, sequence: index + 1 }));
}
