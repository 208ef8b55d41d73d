import { MeterUnavailableError } from '../meter/meter-errors.ts';
import { within } from '../meter/within.ts';

/** Senders are promised an answer within five seconds; this leaves some for the way of it. */
const ANSWER_WITHIN_MS = 4_500;

/**
 * Awaits what an answer is made from, but not longer than a sender may be kept waiting. The work goes on behind a 503: its outcome is
 * unknown then, as after any lost answer, and the same events with the same ids may be sent again. Stores have time-outs of their
 * own; this one holds where several of them follow each other, and where a store keeps its connections and says nothing.
 *
 * @param work rejects as it likes: what it says after the time is up is nobody's any more
 * @param waitedMs what the sender has waited for the stores already; the time a body takes to arrive is its sender's own
 * @throws MeterUnavailableError when the time is up
 */
export function answerInTime<T>(work: Promise<T>, waitedMs = 0): Promise<T> {
  return within(Math.max(0, ANSWER_WITHIN_MS - waitedMs), work, tooLate);
}

function tooLate(): Error {
  return new MeterUnavailableError(`Redis and PostgreSQL did not do their part within ${ANSWER_WITHIN_MS} ms`);
}
