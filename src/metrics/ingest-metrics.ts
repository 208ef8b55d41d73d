import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

import type { IngestAnswer, IngestRequest } from '../ingest/take-events.ts';

/** Answers `POST /v1/events`. */
export type TakeEvents = (request: IngestRequest) => Promise<IngestAnswer>;

/** Around the targets: p50 of 1 ms, p99 of 10 ms, and nothing hangs longer than 5 s. */
const INGEST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What an answer is counted as when it never came: the route answers 500, or 503 for a store that is away. */
const FAILED = 'failed';

/**
 * Counts events by what they were told and times requests by how they were answered. Counted once for each outcome of a batch,
 * not once for each event: a batch of a thousand costs a handful of additions.
 */
export function measureIngest(registry: Registry, takeEvents: TakeEvents): TakeEvents {
  const events = new Counter({
    name: 'tollkeeper_events_total',
    help: 'Events that were answered, by outcome.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'tollkeeper_ingest_duration_seconds',
    help: 'Requests to POST /v1/events, from the head of the request to the answer, by HTTP status.',
    labelNames: ['status'],
    buckets: INGEST_SECONDS,
    registers: [registry],
  });
  return async (request) => {
    const ended = duration.startTimer();
    let status = FAILED;
    try {
      const answer = await takeEvents(request);
      status = String(answer.status);
      if ('results' in answer.body) {
        for (const [outcome, count] of countOutcomes(answer.body.results)) events.inc({ outcome }, count);
      }
      return answer;
    } finally {
      ended({ status });
    }
  };
}

/** From well under the target (p50 of 1 ms) to the time-out of Redis. */
const CHECK_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];

/** Times what `POST /v1/check` asks of ingest, by what came of it. */
export function measureCheck<Question, Answer extends object>(
  registry: Registry,
  check: (question: Question) => Promise<Answer>,
): (question: Question) => Promise<Answer> {
  const duration = new Histogram({
    name: 'tollkeeper_check_duration_seconds',
    help: 'Questions of POST /v1/check, by result: allowed, refused, unreadable or failed.',
    labelNames: ['result'],
    buckets: CHECK_SECONDS,
    registers: [registry],
  });
  return async (question) => {
    const ended = duration.startTimer();
    let result = FAILED;
    try {
      const answer = await check(question);
      result = 'allowed' in answer ? (answer.allowed === true ? 'allowed' : 'refused') : 'unreadable';
      return answer;
    } finally {
      ended({ result });
    }
  };
}

function countOutcomes(results: readonly { readonly outcome: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return counts;
}
