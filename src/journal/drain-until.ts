import { comparePositions, type JournalPosition } from '../ledger/journal-position.ts';
import type { DrainContext } from './drain-context.ts';
import { refuseShortJournal, trimThrough } from './drain-once.ts';
import { JournalDrain } from './journal-drain.ts';
import { BarrierTimeoutError } from './journal-errors.ts';

const MICROS_PER_MS = 1_000;

/**
 * The barrier: drains until everything accepted up to the fence is in the ledger (or set aside), whoever drained it, and the
 * counters have given back what the ledger refused of it: who drained it may not have come to its trim yet.
 *
 * @returns where the ledger stands, at or past the fence
 * @throws BarrierTimeoutError after `timeoutMs` by the context's clock
 * @throws JournalGapError when the journal ends before the fence
 */
export async function drainUntil(
  context: DrainContext,
  fence: JournalPosition,
  { timeoutMs }: { timeoutMs: number },
): Promise<JournalPosition> {
  const deadline = context.clock() + timeoutMs * MICROS_PER_MS;
  const drain = new JournalDrain(context);
  for (;;) {
    const { position, backlog, drained } = await drain.next();
    if (comparePositions(position, fence) >= 0) {
      await trimThrough(context, position, await context.trim.readTrimmed(context.shard));
      return position;
    }
    // Nothing is left, nothing was taken, and the fence is not reached: what it names is gone.
    if (!backlog && drained === 0) await refuseShortJournal(context, position, fence);
    if (context.clock() >= deadline) throw new BarrierTimeoutError(context.shard, position, fence, timeoutMs);
  }
}

/**
 * Drains what the journal holds when called, and whatever arrives meanwhile, until nothing is left.
 *
 * @throws BarrierTimeoutError after `timeoutMs` by the context's clock
 */
export async function drainAll(context: DrainContext, { timeoutMs }: { timeoutMs: number }): Promise<JournalPosition> {
  const deadline = context.clock() + timeoutMs * MICROS_PER_MS;
  const drain = new JournalDrain(context);
  for (;;) {
    const { position, backlog } = await drain.next();
    if (!backlog) return position;
    if (context.clock() >= deadline) throw new BarrierTimeoutError(context.shard, position, position, timeoutMs);
  }
}
