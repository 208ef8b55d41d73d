import { continueAsNew, proxyActivities, setCurrentDetails } from '@temporalio/workflow';

import type { JournalActivities } from '../activities/answers.ts';
import type { DrainJournalInput } from './messages.ts';

const RUN_MS = 600_000;
/** The activity ends by itself after `runMs`; a batch that is in work then may take a little longer. */
const OVERTIME_MS = 120_000;

/**
 * Keeps one shard's journal flowing into the ledger, for ever: one heartbeating activity at a time, renewed every ten minutes so
 * that the history stays short. A killed worker is noticed by its missing heartbeat within seconds, and another one goes on.
 */
export async function drainJournal(input: DrainJournalInput): Promise<never> {
  const runMs = input.runMs ?? RUN_MS;
  const { drainShard } = proxyActivities<JournalActivities>({
    startToCloseTimeout: runMs + OVERTIME_MS,
    // Shorter would take a busy event loop for a dead one.
    heartbeatTimeout: '8 seconds',
    retry: { initialInterval: '500 milliseconds', maximumInterval: '5 seconds' },
    summary: `drain shard ${input.shard}`,
  });
  setCurrentDetails(`Moves the journal of shard ${input.shard} into the ledger; renewed every ${runMs / 1000} s.`);
  await drainShard({ shard: input.shard, runMs });
  return continueAsNew<typeof drainJournal>(input);
}
