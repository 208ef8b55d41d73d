import { setTimeout as delay } from 'node:timers/promises';

import type { BenchContext } from './bench-context.ts';
import type { BenchStack } from './stack.ts';
import { acceptedEvents, committedEvents } from './stores.ts';

/** Well below what ingest takes into one shard's journal before it refuses more. */
const WAITING_MAX = 2_500_000;
const TIMEOUT_MS = 300_000;
const POLL_MS = 100;

/**
 * For benches without a worker: when much has gathered in the journal, lets one drain it and go again, between two runs.
 *
 * @throws Error when that takes more than five minutes
 */
export async function emptyLongJournal({ say }: BenchContext, stack: BenchStack): Promise<void> {
  const accepted = await acceptedEvents(stack.redis);
  const waiting = accepted - (await committedEvents(stack.database));
  if (waiting < WAITING_MAX) return;
  say(`${waiting.toLocaleString('en-US')} events wait in the journal: they are drained before the next run`);
  await stack.startWorker();
  const deadline = performance.now() + TIMEOUT_MS;
  while ((await committedEvents(stack.database)) < accepted) {
    if (performance.now() > deadline) throw new Error('the journal was not drained in time');
    await delay(POLL_MS);
  }
  await stack.stopWorker();
}
