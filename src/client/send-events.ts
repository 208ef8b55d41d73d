import type { EventResult } from '../domain/outcome.ts';
import type { ApiCaller } from './api-caller.ts';
import type { EventsAnswer } from './event-types.ts';
import type { Batch, EventInput } from './event-batches.ts';
import { BATCH_EVENTS_MAX, batchesOf } from './event-batches.ts';
import { TollkeeperError } from './tollkeeper-error.ts';

/** How to send many events. */
export interface SendOptions {
  /** Events per request, 1 to 500. */
  readonly batchEvents?: number | undefined;
  /** Whether each accepted event is answered with what it costs. */
  readonly cost?: boolean | undefined;
  /** Told after each answered request, with its results. */
  readonly onBatch?: ((results: readonly EventResult[]) => void) | undefined;
}

/** Whether an outcome means that the event is in the books, so that it need not be sent again. */
export function isTaken(result: EventResult): boolean {
  return result.outcome === 'accepted' || result.outcome === 'unmetered' || result.outcome === 'duplicate';
}

/**
 * Sends events in order, in batches, and answers one result per event in the same order. Events without an id get one here, before the
 * first try, so that no retry can count one twice.
 * @throws TollkeeperError with `results` of what was answered before, when a batch could not be sent
 * @throws RangeError when `batchEvents` is out of bounds
 */
export async function sendEvents(
  caller: ApiCaller,
  events: readonly EventInput[],
  options: SendOptions = {},
): Promise<EventResult[]> {
  const batchEvents = options.batchEvents ?? BATCH_EVENTS_MAX;
  if (!Number.isInteger(batchEvents) || batchEvents < 1 || batchEvents > BATCH_EVENTS_MAX) {
    throw new RangeError(`batchEvents must be a whole number from 1 to ${BATCH_EVENTS_MAX}, not ${batchEvents}`);
  }
  const named = events.map((event) => (event.id === undefined ? { ...event, id: crypto.randomUUID() } : event));
  const results: EventResult[] = [];
  for (const batch of batchesOf(named, batchEvents)) {
    try {
      const answered = await sendBatch(caller, batch, options.cost === true ? '/v1/events?cost=true' : '/v1/events');
      results.push(...answered);
      options.onBatch?.(answered);
    } catch (error) {
      if (!(error instanceof TollkeeperError)) throw error;
      const unknown = Array.from({ length: named.length - results.length }, () => undefined);
      throw error.withResults([...results, ...unknown]);
    }
  }
  return results;
}

async function sendBatch(caller: ApiCaller, batch: Batch, path: string): Promise<readonly EventResult[]> {
  const answer = await caller.json<Partial<EventsAnswer> | undefined>({
    method: 'POST',
    path,
    body: batch.body,
  });
  if (Array.isArray(answer?.results) && answer.results.length === batch.eventCount) return answer.results;
  const message = `${caller.url} did not answer one result per event; is it the Tollkeeper API?`;
  throw new TollkeeperError({ status: 200, code: 'unreadable_answer', message });
}
