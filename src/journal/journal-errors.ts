import { formatPosition, type JournalPosition } from '../ledger/journal-position.ts';

/**
 * The journal ends before a fence: accepted events are missing from Redis. An incident names the range, and the shard was closed:
 * with its next epoch the ledger is past the fence.
 */
export class JournalGapError extends Error {
  override readonly name = 'JournalGapError';
  readonly shard: number;
  readonly position: JournalPosition;
  readonly found: JournalPosition | null;

  /** @param found the first position that the journal has; `null` when it is empty although more was accepted */
  constructor(shard: number, position: JournalPosition, found: JournalPosition | null) {
    const next = found === null ? 'the journal is empty' : `the journal goes on at ${formatPosition(found)}`;
    super(
      `shard ${shard}: the ledger stands at ${formatPosition(position)}, but ${next}; see the incident and docs/operations.md`,
    );
    this.shard = shard;
    this.position = position;
    this.found = found;
  }
}

/** The barrier was not reached in time. Everything drained so far is kept: call again. */
export class BarrierTimeoutError extends Error {
  override readonly name = 'BarrierTimeoutError';

  constructor(shard: number, position: JournalPosition, fence: JournalPosition, timeoutMs: number) {
    super(
      `shard ${shard}: the ledger stands at ${formatPosition(position)} and did not reach ${formatPosition(fence)} ` +
        `within ${timeoutMs} ms; is the journal longer than usual, or PostgreSQL slow?`,
    );
  }
}
