import { appendChainLink } from '../ledger/chain-link.ts';
import { inTransaction } from '../ledger/database.ts';
import { recordIncident } from '../ledger/incidents.ts';
import {
  advancePosition,
  comparePositions,
  formatPosition,
  type JournalPosition,
  lockPosition,
  readPosition,
} from '../ledger/journal-position.ts';
import type { DrainContext, TrimmedPosition } from './drain-context.ts';
import type { JournalBatch } from './journal-batch.ts';

/** Accepted events that the journal does not hold any more: everything after one position, through another. */
export interface MissingRange {
  /** Where the ledger stands. */
  readonly after: JournalPosition;
  /** The last position that is missing. */
  readonly through: JournalPosition;
  /** The first one that the journal has; `null` when it holds nothing behind the range. */
  readonly found: JournalPosition | null;
}

/**
 * Whether something is missing between where the ledger stands and what was read behind it. Within an epoch sequences have no
 * gaps, so the first one tells; at the border of two epochs, and where nothing was read, only the meter knows how far it has
 * cut the stream: a ledger that was restored from a backup may stand below that.
 */
export async function findMissing(
  context: DrainContext,
  after: JournalPosition,
  batch: JournalBatch | undefined,
): Promise<MissingRange | undefined> {
  const found = batch === undefined ? null : { epoch: batch.epoch, sequence: batch.firstSequence };
  if (found !== null && found.epoch === after.epoch) {
    const through = { epoch: found.epoch, sequence: found.sequence - 1 };
    return comparePositions(through, after) > 0 ? { after, through, found } : undefined;
  }
  // The first position of an epoch is 1; whatever is above it was preceded by something.
  const before = found === null ? undefined : { epoch: found.epoch, sequence: found.sequence - 1 };
  if (before !== undefined && before.sequence > 0) return { after, through: before, found };
  const { keptFrom } = await context.trim.readTrimmed(context.shard);
  const cut = { epoch: keptFrom.epoch, sequence: keptFrom.sequence - 1 };
  return cut.sequence >= 0 && comparePositions(cut, after) > 0 ? { after, through: cut, found } : undefined;
}

/**
 * Names what is missing in an incident and lets the ledger go on behind it, in one transaction: a link of the chain without rows
 * stands for the range. The shard is closed, because its counters hold what the ledger will never have; the next epoch counts
 * from the ledger. Does nothing when another process has moved the position: then it drained what seemed to be missing.
 */
export async function passMissing(context: DrainContext, { after, through, found }: MissingRange): Promise<void> {
  const { pool, shard, clock } = context;
  if (comparePositions(await readPosition(pool, shard), after) !== 0) return;
  await context.trim.closeShard(shard, { isUsageMissing: true });
  await inTransaction(pool, async (client) => {
    const position = await lockPosition(client, shard);
    if (comparePositions(position, after) !== 0) return;
    const firstSequence = through.epoch === after.epoch ? after.sequence + 1 : 1;
    const details = {
      ledger: formatPosition(after),
      journal: found === null ? null : formatPosition(found),
      firstMissing: formatPosition({ epoch: after.epoch, sequence: after.sequence + 1 }),
      lastMissing: formatPosition(through),
    };
    await recordIncident(client, { kind: 'journal_gap', shard, at: clock(), details });
    const link = { shard, epoch: through.epoch, firstSequence, lastSequence: through.sequence, rowCount: 0 };
    const chainDigest = await appendChainLink(client, position.chainDigest, link, Buffer.alloc(0));
    await advancePosition(client, { shard, to: through, chainDigest });
  });
}

/**
 * A ledger that stands below what it has confirmed once was restored from a backup. What the journal still holds is drained
 * again like anything else; but gates and catalogue in Redis are ahead of the ledger's, so the shard needs a new epoch.
 *
 * @param trimmed read before `position`, or the position may have been passed meanwhile: it is read again here
 */
export async function noticeRestoredLedger(context: DrainContext, trimmed: TrimmedPosition): Promise<void> {
  const { pool, shard, clock } = context;
  if (comparePositions(await readPosition(pool, shard), trimmed) >= 0) return;
  await context.trim.closeShard(shard);
  const details = { confirmed: formatPosition(trimmed) };
  await recordIncident(pool, { kind: 'ledger_restored', shard, at: clock(), details });
}
