import { type BenchContext, jobFor } from './bench-context.ts';
import type { LoadJob, LoadResult } from './load.ts';
import { processorMicrosPerEvent, readProcessorSeconds } from './processes.ts';

/** Whom a load is sent to, and the processes that do the work, by name. */
export interface LoadTarget {
  readonly apiUrl: string;
  readonly processes: () => Readonly<Record<string, number>>;
}

/** A load that is over when it is answered. */
export interface AnsweredRun {
  readonly load: LoadResult;
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly microsPerEvent: Readonly<Record<string, number>>;
}

/** Runs one load to its last answer. For `check` an event is one question. */
export async function runLoad(
  { generator }: BenchContext,
  target: LoadTarget,
  job: Omit<LoadJob, 'host' | 'port'>,
): Promise<AnsweredRun> {
  const processes = { ...target.processes(), generator: generator.pid };
  const before = readProcessorSeconds(processes);
  const load = await generator.run(jobFor(target.apiUrl, job));
  const after = readProcessorSeconds(processes);
  const events = load.requests * (job.requests.kind === 'events' ? job.requests.eventsPerRequest : 1);
  const microsPerEvent = processorMicrosPerEvent(before, after, events);
  return { load, events, eventsPerSecond: events / load.seconds, microsPerEvent };
}
