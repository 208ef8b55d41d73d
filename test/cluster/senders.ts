import { expect } from 'vitest';

import { batchForAll, type ClusterStack } from './cluster-stack.ts';

const SENDERS = 4;

/** Load on all shards at once, while something is broken. */
export interface Senders {
  /** Names of the batches whose every event was taken. */
  readonly taken: ReadonlySet<string>;
  /** How many requests were answered 503. */
  readonly refused: () => number;
  /** Resolves when each sender has had an answer to its last batch. */
  readonly stop: () => Promise<void>;
}

/** Senders that repeat each batch until it is taken, and then send the next, until they are told to stop. */
export function startSenders(stack: ClusterStack): Senders {
  const taken = new Set<string>();
  let refused = 0;
  const stopping = new AbortController();
  const run = async (sender: number): Promise<void> => {
    for (let batch = 0; !stopping.signal.aborted; batch += 1) {
      const name = `${sender}-${batch}`;
      for (;;) {
        const results = await stack.send(batchForAll(name));
        if (results !== undefined) {
          expect(results.filter(({ outcome }) => outcome !== 'accepted' && outcome !== 'duplicate')).toEqual([]);
          break;
        }
        refused += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      taken.add(name);
    }
  };
  const senders = Promise.all(Array.from({ length: SENDERS }, (_, sender) => run(sender)));
  return {
    taken,
    refused: () => refused,
    stop: async () => {
      stopping.abort();
      await senders;
    },
  };
}

/** Waits until so many more batches were taken. */
export async function untilTaken(taken: ReadonlySet<string>, more: number): Promise<void> {
  const wanted = taken.size + more;
  await expect.poll(() => taken.size, { timeout: 20_000, interval: 10 }).toBeGreaterThanOrEqual(wanted);
}
