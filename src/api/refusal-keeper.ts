import type pg from 'pg';

import type { RefusalCounts } from '../ingest/refusal-counts.ts';
import { addRefusals, REFUSALS_PER_CALL_MAX } from '../ledger/refusals.ts';

/** How often refusals are stored: what a killed process loses of these statistics at most. */
const PAUSE_MS = 1_000;
/** Calls of one round; what is left waits for the next. */
const CALLS_PER_ROUND_MAX = 50;

/** What the keeper works with. */
export interface RefusalKeeperOptions {
  readonly pool: pg.Pool;
  readonly counts: RefusalCounts;
  /** Told what a round could not store; the counts stay, and the next round tries again. */
  readonly onError: (error: unknown) => void;
}

/** Stores what ingest has refused, in bounded batches. */
export interface RefusalKeeper {
  /** Stores what waits now. Rejects when PostgreSQL does not answer. */
  flush(): Promise<void>;
  /** Ends the rounds and stores what is left once more, as far as PostgreSQL answers. */
  stop(): Promise<void>;
}

/** Starts the rounds. */
export function startRefusalKeeper({ pool, counts, onError }: RefusalKeeperOptions): RefusalKeeper {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const storeAll = async (): Promise<void> => {
    const dropped = counts.takeDropped();
    if (dropped > 0) onError(new Error(`${dropped} refused readings were not counted: too many kinds waited at once`));
    for (let call = 0; call < CALLS_PER_ROUND_MAX && counts.size > 0; call += 1) {
      await counts.store(REFUSALS_PER_CALL_MAX, (some) => addRefusals(pool, some));
    }
  };
  // One at a time, whoever asks: a round waits for the one before, however that ended.
  const flush = (): Promise<void> => {
    const next = running.then(storeAll);
    running = next.catch(() => undefined);
    return next;
  };
  const tick = (): void => {
    timer = setTimeout(() => {
      void flush()
        .catch(onError)
        .finally(() => {
          if (!isStopped) tick();
        });
    }, PAUSE_MS).unref();
  };
  tick();
  return {
    flush,
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await flush().catch(onError);
    },
  };
}
