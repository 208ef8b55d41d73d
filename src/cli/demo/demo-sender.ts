import type { EventInput, EventResult, TollkeeperClient } from '../../client/index.ts';

/** An event with what the demo's own list says about its outcome. */
export interface NotedEvent {
  readonly event: EventInput;
  readonly expected: string;
}

/** An answer that the list does not explain. */
export interface OutcomeDifference {
  readonly id: string;
  readonly expected: string;
  readonly got: string;
  readonly reason: string;
}

/** What sending showed, over all requests of a run. */
export interface SendingLog {
  /** By tenant and outcome, as the service answered. */
  readonly outcomes: Map<string, Record<string, number>>;
  readonly differences: OutcomeDifference[];
}

/** A log of nothing. */
export function emptySendingLog(): SendingLog {
  return { outcomes: new Map(), differences: [] };
}

/** Tries that had to be repeated: a first answer was lost, so `duplicate` may stand for `accepted`. */
export interface RetryCount {
  count: number;
}

/** Sends noted events in order and holds every answer against the list. @param onProgress told how many are answered */
export async function sendNoted(
  sender: TollkeeperClient,
  retries: RetryCount,
  noted: readonly NotedEvent[],
  log: SendingLog,
  onProgress: (answered: number) => void,
): Promise<void> {
  let answered = 0;
  const judge = (result: EventResult): void => {
    const { event, expected } = noted[answered] ?? { event: undefined, expected: 'nothing' };
    answered += 1;
    if (event === undefined) throw new Error('the service answered more events than were sent');
    const outcomes = log.outcomes.get(event.tenant) ?? {};
    outcomes[result.outcome] = (outcomes[result.outcome] ?? 0) + 1;
    log.outcomes.set(event.tenant, outcomes);
    if (expected === result.outcome) return;
    if (retries.count > 0 && expected === 'accepted' && result.outcome === 'duplicate') return;
    log.differences.push({ id: event.id ?? '', expected, got: result.outcome, reason: result.reason ?? '' });
  };
  await sender.sendEvents(
    noted.map(({ event }) => event),
    {
      onBatch: (results) => {
        results.forEach(judge);
        onProgress(answered);
      },
    },
  );
}
