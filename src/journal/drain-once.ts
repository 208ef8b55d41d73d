import { recordIncident } from '../ledger/incidents.ts';
import { comparePositions, formatPosition, type JournalPosition, readPosition } from '../ledger/journal-position.ts';
import { REFUSED_READ_MAX, readRefusedDuplicates } from '../ledger/refused-duplicates.ts';
import type { DrainContext, DrainResult } from './drain-context.ts';
import { writeIsolating } from './isolate-poison.ts';
import { JournalGapError } from './journal-errors.ts';
import { type JournalBatch, readBatch } from './read-batch.ts';

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
 * @throws JournalGapError when accepted events are missing, after an incident has named the range
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
  const position = ahead?.after ?? (await currentPosition(context));
  const batch = ahead ?? (await readBatch(context, position));
  if (batch === undefined) {
    await trimThrough(context, position);
    return { ...NOTHING, position, backlog: false };
  }
  if (isGap(batch)) {
    await refuseGap(context, position, { epoch: batch.epoch, sequence: batch.firstSequence });
    return { ...NOTHING, position: await currentPosition(context), backlog: true };
  }
  beforeWrite(batch);
  const outcome = await writeIsolating(context, batch);
  if (outcome.kind === 'stale') {
    return { ...NOTHING, position: await currentPosition(context), backlog: true };
  }
  const { rows, refused, setAside, through } = outcome;
  await trimThrough(context, through);
  const backlog = batch.backlog || through.sequence < batch.lastSequence;
  return { drained: rows + refused + setAside, rows, refused, setAside, position: through, backlog };
}

async function currentPosition({ pool, shard }: DrainContext): Promise<JournalPosition> {
  const { epoch, sequence } = await readPosition(pool, shard);
  return { epoch, sequence };
}

function isGap(batch: JournalBatch): boolean {
  const expected = batch.epoch === batch.after.epoch ? batch.after.sequence + 1 : 1;
  return batch.firstSequence !== expected;
}

/**
 * Answers quietly when the position has moved since it was read: then another process drained and trimmed what seems missing.
 * Otherwise the incident is written on its own, so that it stays when the error ends the caller's work.
 */
export async function refuseGap(
  context: DrainContext,
  position: JournalPosition,
  found: JournalPosition | null,
): Promise<void> {
  const current = await currentPosition(context);
  if (comparePositions(current, position) !== 0) return;
  await recordIncident(context.pool, {
    kind: 'journal_gap',
    shard: context.shard,
    at: context.clock(),
    details: { ledger: formatPosition(position), journal: found === null ? null : formatPosition(found) },
  });
  throw new JournalGapError(context.shard, position, found);
}

/**
 * Trims what is committed. A process may have ended between commit and trim, so the refused duplicates are read from the
 * ledger since the last trim, not taken from memory.
 */
export async function trimThrough(context: DrainContext, position: JournalPosition): Promise<void> {
  let after = await context.trim.readTrimmed(context.shard);
  for (let page = 0; page < TRIM_PAGES_MAX && comparePositions(after, position) < 0; page += 1) {
    const refused = await readRefusedDuplicates(context.pool, { shard: context.shard, after, through: position });
    // More than one read can hold: trim through the last one read, then read on.
    const last = refused.length === REFUSED_READ_MAX ? refused.at(-1) : undefined;
    const through = last === undefined ? position : { epoch: last.epoch, sequence: last.sequence };
    await context.trim.trim(context.shard, through, refused);
    after = through;
  }
}
