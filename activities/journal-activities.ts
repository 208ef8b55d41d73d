import { Context } from '@temporalio/activity';

import type { DrainResult } from '../src/journal/drain-context.ts';
import type { JournalPosition } from '../src/ledger/journal-position.ts';
import type { JournalActivities } from './answers.ts';
import { heartbeating } from './heartbeating.ts';

/** What keeping a shard drained needs. */
export interface JournalDeps {
  /** One batch of one shard's journal into the ledger. */
  readonly drainOnce: (shard: number) => Promise<DrainResult>;
  /** Returns when the shard's journal has an entry after the position, or after the time given, whichever is first. */
  readonly waitForEntries: (shard: number, after: JournalPosition, timeoutMs: number) => Promise<void>;
  /** Milliseconds of a clock that never goes back. */
  readonly elapsedMs: () => number;
}

/** Short enough that a worker that shuts down is not waited for. */
const WAIT_MS = 1_000;

/** The activity of `drainJournal`: drains as data arrives until its time is over or the worker shuts down. */
export function createJournalActivities(deps: JournalDeps): JournalActivities {
  return {
    drainShard: heartbeating(async ({ shard, runMs }) => {
      const context = Context.current();
      const endMs = deps.elapsedMs() + runMs;
      let rows = 0;
      while (deps.elapsedMs() < endMs && !context.cancellationSignal.aborted) {
        const result = await deps.drainOnce(shard);
        rows += result.rows;
        context.heartbeat({ rows });
        if (!result.backlog) await deps.waitForEntries(shard, result.position, WAIT_MS);
      }
      return { rows };
    }),
  };
}
