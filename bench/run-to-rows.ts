import { setTimeout as delay } from 'node:timers/promises';

import { type BenchContext, BATCH_CONNECTIONS, BATCH_EVENTS, jobFor } from './bench-context.ts';
import type { LoadResult, Pace } from './load.ts';
import { processorMicrosPerEvent, readProcessorSeconds } from './processes.ts';
import { mean } from './report.ts';
import type { RequestPlan } from './requests.ts';
import type { BenchStack } from './stack.ts';
import { acceptedEvents, committedEvents, readVolume, rolledUpEvents } from './stores.ts';

/** One load from the first request until all of it is rows and rollups in PostgreSQL. */
export interface RunToRows {
  readonly events: number;
  /** From the first request to the commit of the last event. */
  readonly eventsPerSecond: number;
  readonly load: LoadResult;
  readonly walBytesPerEvent: number;
  readonly databaseBytesPerEvent: number;
  readonly microsPerEvent: Readonly<Record<string, number>>;
  /** Accepted events that were not in the ledger yet, by seconds since the start. */
  readonly backlog: readonly (readonly [number, number])[];
}

/**
 * Events that may be on their way to the ledger at once: half a second of work. Were it unbounded, answers would take the
 * processors from the drain and the journal would grow for as long as the run lasts.
 */
export const WINDOW_EVENTS = 50_000;

const POLL_MS = 20;
const SAMPLE_MS = 500;
const DRAIN_TIMEOUT_MS = 120_000;
const DATABASE = 'tollkeeper';
/** A journal that is this much longer in the last third of a run than in the second grows. */
const GROWTH_MAX = 1.25;

/** Measures one load; the worker must run. @throws Error when the journal grew or rows are missing */
export async function runToRows(
  context: BenchContext,
  stack: BenchStack,
  load: { readonly seconds: number; readonly requests: RequestPlan },
): Promise<RunToRows> {
  const { generator, rate } = context;
  const processes = { ...stack.processes(), generator: generator.pid };
  const pace: Pace =
    rate === null
      ? { kind: 'window', events: WINDOW_EVENTS }
      : { kind: 'rate', requestsPerSecond: rate / BATCH_EVENTS };
  await waitUntilDrained(stack);
  const before = await readVolume(stack.database, DATABASE);
  const rolledUp = await rolledUpEvents(stack.database);
  const committedBefore = await committedEvents(stack.database);
  const processorsBefore = readProcessorSeconds(processes);
  const startedAt = performance.now();
  const running = generator.run(jobFor(stack.apiUrl, { connections: BATCH_CONNECTIONS, ...load, pace }));
  const followed = follow(context, stack, running, { committedBefore, startedAt });
  const [result, backlog] = await Promise.all([running, followed]);
  const seconds = (performance.now() - startedAt) / 1_000;
  const processorsAfter = readProcessorSeconds(processes);
  const after = await readVolume(stack.database, DATABASE);
  const events = result.requests * BATCH_EVENTS;
  const counted = (await rolledUpEvents(stack.database)) - rolledUp;
  if (counted !== events) throw new Error(`${events} events were accepted, the rollups have ${counted} of them`);
  refuseGrowth(backlog, load.seconds);
  return {
    events,
    eventsPerSecond: events / seconds,
    load: result,
    walBytesPerEvent: (after.walBytes - before.walBytes) / events,
    databaseBytesPerEvent: (after.databaseBytes - before.databaseBytes) / events,
    microsPerEvent: processorMicrosPerEvent(processorsBefore, processorsAfter, events),
    backlog,
  };
}

/** What was sent before must not be counted as this load's. */
async function waitUntilDrained(stack: BenchStack): Promise<void> {
  const deadline = performance.now() + DRAIN_TIMEOUT_MS;
  while ((await committedEvents(stack.database)) < (await acceptedEvents(stack.redis))) {
    if (performance.now() > deadline) throw new Error('the journal was not drained in time: does the worker run?');
    await delay(POLL_MS);
  }
}

interface Beginning {
  readonly committedBefore: number;
  readonly startedAt: number;
}

/** Tells the generator what is committed until everything that was sent is. */
async function follow(
  { generator }: BenchContext,
  stack: BenchStack,
  running: Promise<LoadResult>,
  { committedBefore, startedAt }: Beginning,
): Promise<(readonly [number, number])[]> {
  const backlog: (readonly [number, number])[] = [];
  let wanted: number | undefined;
  running.then(
    (result) => (wanted = result.requests * BATCH_EVENTS),
    () => (wanted = 0),
  );
  let sampledAt = startedAt;
  let changedAt = startedAt;
  let last = 0;
  for (;;) {
    const committed = (await committedEvents(stack.database)) - committedBefore;
    generator.committed(committed);
    const now = performance.now();
    if (committed !== last) [last, changedAt] = [committed, now];
    if (wanted !== undefined && committed >= wanted) return backlog;
    if (now - changedAt > DRAIN_TIMEOUT_MS)
      throw new Error(`the ledger stands still at ${committed} of ${wanted} events`);
    if (now - sampledAt >= SAMPLE_MS) {
      sampledAt = now;
      backlog.push([(now - startedAt) / 1_000, (await acceptedEvents(stack.redis)) - committed - committedBefore]);
    }
    await delay(POLL_MS);
  }
}

/**
 * A speed at which the journal grows is none that can be kept up.
 *
 * @throws Error when its mean in the last third of the run is clearly above that in the second
 */
export function refuseGrowth(backlog: readonly (readonly [number, number])[], seconds: number): void {
  const third = (number: number): readonly number[] =>
    backlog
      .filter(([at]) => at >= (seconds * number) / 3 && at < (seconds * (number + 1)) / 3)
      .map(([, events]) => events);
  const [second, last] = [third(1), third(2)];
  // Short runs have too few samples to tell growth from chance.
  if (second.length < 5) return;
  if (mean(last) > mean(second) * GROWTH_MAX + WINDOW_EVENTS / 10) {
    throw new Error(
      `the journal grows: ${Math.round(mean(second))} events in the second third, ${Math.round(mean(last))} in the last`,
    );
  }
}
