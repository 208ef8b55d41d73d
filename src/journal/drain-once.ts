import { recordIncident } from '../ledger/incidents.ts';
import { comparePositions, formatPosition, type JournalPosition, readPosition } from '../ledger/journal-position.ts';
import { REFUSED_READ_MAX, readRefusedDuplicates } from '../ledger/refused-duplicates.ts';
import type { DrainContext, DrainResult } from './drain-context.ts';
import { writeIsolating } from './isolate-poison.ts';
import { JournalGapError } from './journal-errors.ts';
import { findMissing, noticeRestoredLedger, passMissing } from './missing-range.ts';
import { type JournalBatch, readBatch } from './journal-batch.ts';

/** Bound of one call; what is left follows with the next one, which starts from where the shard was trimmed. */
const TRIM_PAGES_MAX = 20;

const NOTHING = { drained: 0, rows: 0, refused: 0, setAside: 0 };

/**
 * Moves one batch of a shard's journal into the ledger. Anyone may call it, at any time, from any number of processes: the
 * position's row lock decides, and a batch that another process was faster with is dropped (`drained` 0, `backlog` true).
 *
 * The journal is read before the transaction, so that none waits for Redis while it holds locks; that the position has not
 * moved meanwhile is checked under the lock.
 *
 * Where accepted events are missing, an incident names the range and the ledger goes on behind it (`drained` 0, `backlog` true).
 */
export function drainOnce(context: DrainContext): Promise<DrainResult> {
  return drainBatch(context, undefined, () => undefined);
}

/**
 * `drainOnce` with what was read ahead, if anything was.
 *
 * @param beforeWrite is told the batch that is about to be written
 */
export async function drainBatch(
  context: DrainContext,
  ahead: JournalBatch | undefined,
  beforeWrite: (batch: JournalBatch) => void,
): Promise<DrainResult> {
  // Read before the position, which only rises: one below it belongs to a ledger that went back.
  const trimmed = await context.trim.readTrimmed(context.shard);
  const position = ahead?.after ?? (await currentPosition(context));
  if (comparePositions(trimmed, position) > 0) await noticeRestoredLedger(context, trimmed);
  const batch = ahead ?? (await readBatch(context, position));
  const missing = await findMissing(context, position, batch);
  if (missing !== undefined) {
    await passMissing(context, missing);
    return { ...NOTHING, position: await currentPosition(context), backlog: true };
  }
  if (batch === undefined) {
    await trimThrough(context, position, trimmed);
    return { ...NOTHING, position, backlog: false };
  }
  beforeWrite(batch);
  const outcome = await writeIsolating(context, batch);
  if (outcome.kind === 'stale') {
    return { ...NOTHING, position: await currentPosition(context), backlog: true };
  }
  const { rows, refused, setAside, through } = outcome;
  // Nothing lies between the last trim and here but this batch, which refused nothing: there is nothing to read.
  const hasNothingToTakeBack = refused === 0 && comparePositions(trimmed, batch.after) === 0;
  if (hasNothingToTakeBack) await context.trim.trim(context.shard, through, []);
  else await trimThrough(context, through, trimmed);
  const backlog = batch.backlog || through.sequence < batch.lastSequence;
  return { drained: rows + refused + setAside, rows, refused, setAside, position: through, backlog };
}

async function currentPosition({ pool, shard }: DrainContext): Promise<JournalPosition> {
  const { epoch, sequence } = await readPosition(pool, shard);
  return { epoch, sequence };
}

/**
 * The journal ends below a fence that Redis gave: what lies between is missing. An incident names it, the shard is closed, and
 * the caller gets an error; the next epoch takes the ledger past the fence. Answers quietly when the position has moved since it
 * was read: then another process drained what seems missing. The incident is written on its own, so that it stays when the error
 * ends the caller's work.
 *
 * @throws JournalGapError
 */
export async function refuseShortJournal(
  context: DrainContext,
  position: JournalPosition,
  fence: JournalPosition,
): Promise<void> {
  const { pool, shard, clock } = context;
  if (comparePositions(await currentPosition(context), position) !== 0) return;
  const firstMissing = formatPosition({ epoch: position.epoch, sequence: position.sequence + 1 });
  const details = {
    ledger: formatPosition(position),
    journal: null,
    firstMissing,
    lastMissing: formatPosition(fence),
  };
  await recordIncident(pool, { kind: 'journal_gap', shard, at: clock(), details });
  await context.trim.closeShard(shard, { isUsageMissing: true });
  throw new JournalGapError(shard, position, null);
}

/**
 * Trims what is committed. A process may have ended between commit and trim, so the refused duplicates are read from the
 * ledger since the last trim, not taken from memory.
 *
 * @param trimmed through where the shard was trimmed, or had been a while ago: what was taken back is not taken back again
 */
export async function trimThrough(
  context: DrainContext,
  position: JournalPosition,
  trimmed: JournalPosition,
): Promise<void> {
  let after: JournalPosition = trimmed;
  for (let page = 0; page < TRIM_PAGES_MAX && comparePositions(after, position) < 0; page += 1) {
    const refused = await readRefusedDuplicates(context.pool, { shard: context.shard, after, through: position });
    // More than one read can hold: trim through the last one read, then read on.
    const last = refused.length === REFUSED_READ_MAX ? refused.at(-1) : undefined;
    const through = last === undefined ? position : { epoch: last.epoch, sequence: last.sequence };
    await context.trim.trim(context.shard, through, refused);
    after = through;
  }
  // What was committed long ago is cut by its age, also while nothing new comes.
  if (comparePositions(trimmed, position) === 0) await context.trim.trim(context.shard, position, []);
}
