import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import { ensureEventPartitions } from '../ledger/partitions.ts';
import { formatPosition } from '../ledger/journal-position.ts';
import type { DrainContext } from './drain-context.ts';
import { JournalDataError, type JournalItem, type PoisonItem, rowText } from './journal-entry.ts';
import { batchOf, type JournalBatch } from './journal-batch.ts';
import { type BatchOutcome, writeBatch } from './write-batch.ts';

/** Deadlocks and serialization failures are the database asking for another attempt. */
const CONFLICT_STATES: ReadonlySet<string> = new Set(['40P01', '40001']);
const CONFLICT_ATTEMPTS_MAX = 5;

/** `YYYY-MM`. */
const MONTH_CHARACTERS = 7;

/** SQLSTATE classes that speak about the data: data exception, integrity violation, limit of a program (an index row too long). */
const DATA_FAULT_CLASSES: ReadonlySet<string> = new Set(['22', '23', '54']);

/**
 * Writes a batch. A batch that fails because of its data is halved until the one event at fault is found, which goes to the
 * dead letters with the reason; faults of the database itself are thrown. The recursion ends after log2(10,000) steps.
 */
export async function writeIsolating(context: DrainContext, batch: JournalBatch): Promise<BatchOutcome> {
  try {
    return await writeWithPartitions(context, batch);
  } catch (error) {
    if (!isDataFault(error)) throw error;
    const items = batch.items();
    const [only] = items;
    if (only === undefined) throw error;
    if (items.length === 1) return writeAsPoison(context, batch, only, error as Error);
    return writeHalves(context, batch, items);
  }
}

async function writeHalves(
  context: DrainContext,
  batch: JournalBatch,
  items: readonly JournalItem[],
): Promise<BatchOutcome> {
  const middle = Math.ceil(items.length / 2);
  const headItems = items.slice(0, middle);
  const border = headItems.at(-1)?.sequence ?? batch.firstSequence;
  const head = await writeIsolating(context, batchOf(context.shard, { ...batch, lastSequence: border }, headItems));
  if (head.kind === 'stale') return head;
  const behind = { ...batch, after: { epoch: batch.epoch, sequence: border }, firstSequence: border + 1 };
  const tail = await writeIsolating(context, batchOf(context.shard, behind, items.slice(middle)));
  // The head is committed. What another process drained of the tail is counted there.
  if (tail.kind === 'stale') return head;
  return {
    kind: 'written',
    through: tail.through,
    rows: head.rows + tail.rows,
    refused: head.refused + tail.refused,
    setAside: head.setAside + tail.setAside,
  };
}

async function writeAsPoison(
  context: DrainContext,
  batch: JournalBatch,
  item: JournalItem,
  fault: Error,
): Promise<BatchOutcome> {
  if (item.kind === 'poison') {
    const at = formatPosition({ epoch: batch.epoch, sequence: item.sequence });
    throw new Error(`shard ${context.shard}: the dead letter for ${at} cannot be written`, { cause: fault });
  }
  const poison: PoisonItem = {
    kind: 'poison',
    firstSequence: item.sequence,
    sequence: item.sequence,
    tenant: item.row.tenant,
    journalText: rowText(item.row),
    reason: fault.message,
  };
  return writeWithRetry(context, batchOf(context.shard, batch, [poison]));
}

/** A month without a partition is made, once, and the batch is written again. */
async function writeWithPartitions(context: DrainContext, batch: JournalBatch): Promise<BatchOutcome> {
  try {
    return await writeWithRetry(context, batch);
  } catch (error) {
    if (!isPartitionMissing(error)) throw error;
    await makePartitions(context, batch);
    return writeWithRetry(context, batch);
  }
}

async function makePartitions(context: DrainContext, batch: JournalBatch): Promise<void> {
  const instantOfMonth = new Map<string, EpochMicros>();
  for (const { occurredAtMicros } of batch.rows.rows()) {
    instantOfMonth.set(formatInstant(occurredAtMicros).slice(0, MONTH_CHARACTERS), occurredAtMicros);
  }
  for (const instant of instantOfMonth.values()) await ensureEventPartitions(context.pool, instant, instant + 1);
}

async function writeWithRetry(context: DrainContext, batch: JournalBatch): Promise<BatchOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const outcome = await writeBatch(context, batch);
      if (outcome.kind === 'written') context.observer?.batchWritten(outcome);
      return outcome;
    } catch (error) {
      if (attempt === CONFLICT_ATTEMPTS_MAX || !CONFLICT_STATES.has(sqlState(error))) throw error;
      context.observer?.conflictRetried();
    }
  }
}

function isDataFault(error: unknown): boolean {
  return error instanceof JournalDataError || DATA_FAULT_CLASSES.has(sqlState(error).slice(0, 2));
}

/** The one `check_violation` that says something about tables instead of data; only its routine tells them apart. */
function isPartitionMissing(error: unknown): boolean {
  return sqlState(error) === '23514' && (error as { routine?: unknown }).routine === 'ExecFindPartition';
}

/** The SQLSTATE of a database error; empty for any other error. */
function sqlState(error: unknown): string {
  const code = error instanceof Error && 'severity' in error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}
