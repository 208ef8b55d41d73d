import type pg from 'pg';

import type { EpochMicros } from '../domain/instant.ts';
import { decodeLetter } from '../journal/decode-letter.ts';
import { JournalDataError } from '../journal/journal-entry.ts';
import { type ReplayedLetter, replayLetter } from '../journal/replay-letter.ts';
import { type DeadLetterCase, type LetterDecision, resolveDeadLetter } from '../ledger/dead-letter-cases.ts';
import { inTransaction } from '../ledger/database.ts';
import { rebuildTenant } from '../meter/rebuild-tenant.ts';
import { closeShard } from '../meter/trim-journal.ts';
import type { UsageMeter } from '../meter/usage-meter.ts';
import { forgetEpoch, renewEpoch } from '../meter/verify-incarnation.ts';
import { ApiError } from './api-error.ts';

/** What settling a dead letter needs. */
export interface LetterDeps {
  readonly pool: pg.Pool;
  readonly meter: UsageMeter;
  readonly clock: () => EpochMicros;
}

type Decision = Omit<LetterDecision, 'resolution' | 'at'>;

/**
 * Reads a dead letter again and puts its events into the ledger. The shard gets a new epoch for it, so that its counters follow.
 *
 * @throws ApiError 409 when it still cannot be read or written: nothing was changed
 */
export async function replayDeadLetter(
  { pool, meter, clock }: LetterDeps,
  letter: DeadLetterCase,
  decision: Decision,
): Promise<ReplayedLetter> {
  let replayed: ReplayedLetter | undefined;
  let failure: unknown;
  try {
    decodeLetter(letter);
    await renewEpoch(meter, letter.shard, async (next) => {
      // Another process came in between after the commit: only the epoch is still to be had.
      if (replayed !== undefined) return meter.ledger.beginEpoch(letter.shard, next);
      try {
        const done = await replayLetter({ pool, letter, decision: { ...decision, at: clock() } }, next);
        replayed = done.replayed;
        const { epoch, sequence, runId, replicationId } = done.position;
        return { epoch, sequence, incarnation: { runId, replicationId }, catalogueVersion: done.catalogueVersion };
      } catch (error) {
        failure = error;
        throw error;
      }
    });
  } catch (error) {
    // Once the events are in the ledger, whoever uses the shard next gives it its epoch.
    if (replayed === undefined) throw replayFailure(letter.id, failure ?? error) ?? error;
  }
  if (replayed === undefined) throw new Error(`dead letter ${letter.id} was replayed and not answered`);
  return replayed;
}

/** What the letter itself is to blame for; anything else is a store's fault and stays what it is. */
function replayFailure(id: number, error: unknown): ApiError | undefined {
  const state = (error as { code?: unknown }).code;
  const isDataFault = typeof state === 'string' && /^(?:22|23|54)[0-9A-Z]{3}$/.test(state);
  if (!(error instanceof JournalDataError) && !isDataFault) return undefined;
  const message = `dead letter ${id} cannot be replayed yet: ${(error as Error).message}. Mend the cause, or discard it`;
  return new ApiError({ status: 409, code: 'still_poison', message });
}

/**
 * Decides that a dead letter is never billed. The counters forget it first: they are rebuilt from the ledger, which has not got
 * it. Until the decision is committed it is an open letter that is in no counter, which is as true.
 *
 * @returns `false` when it was closed meanwhile
 */
export async function discardDeadLetter(
  { pool, meter, clock }: LetterDeps,
  letter: DeadLetterCase,
  decision: Decision,
): Promise<boolean> {
  if (letter.tenant === null) {
    // Of nobody knows whom: all counters of the shard come from the ledger anew.
    await closeShard(meter, letter.shard);
    forgetEpoch(meter, letter.shard);
  } else await rebuildTenant(meter, letter.tenant, { evenWhenValid: true });
  return inTransaction(pool, (client) =>
    resolveDeadLetter(client, letter.id, { ...decision, resolution: 'discarded', at: clock() }),
  );
}
