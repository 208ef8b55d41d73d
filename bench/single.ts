import { type BenchContext, nextIdPrefix, serverVersions, TENANTS } from './bench-context.ts';
import {
  measureSingles,
  SINGLE_CONNECTIONS,
  singleMeasures,
  type ThroughputAndLatency,
  warmUp,
} from './latency-bench.ts';
import { type Findings, medianShares } from './report.ts';
import type { RequestPlan } from './requests.ts';
import { type BenchStack, startBenchStack } from './stack.ts';

/** What this command measures. */
export const SINGLE_TITLE = 'single: one event a request, 50 connections, drained meanwhile';

const WANTED = { perSecond: 15_000, p50Ms: 1, p99Ms: 10 };

/** One event a request through the real server, with a worker that drains as in daily use. */
export async function benchSingle(context: BenchContext): Promise<Findings> {
  const stack = await startBenchStack({ tenants: TENANTS });
  try {
    await stack.startWorker();
    await warmUp(context, stack, singlePlan(stack));
    const rounds: ThroughputAndLatency[] = [];
    for (let run = 0; run < context.runs; run += 1) {
      rounds.push(await measureSingles(context, stack, () => singlePlan(stack)));
    }
    return {
      versions: await serverVersions(stack.database, stack.redis),
      settings: { runs: rounds.length, connections: SINGLE_CONNECTIONS, tenants: TENANTS },
      measures: singleMeasures('single', 'one event a request', 'events/s', rounds, WANTED),
      processors: [
        medianShares(
          'full load',
          rounds.map(({ full }) => full),
        ),
        medianShares(
          'half load',
          rounds.map(({ half }) => half),
        ),
      ],
      notes: [
        'Throughput is closed loop. Latency is open loop at half of it: sent at fixed moments and counted from them, so that waiting in line counts.',
        'At half load the generator sends every half millisecond what has become due since; its own lateness is part of the latency shown.',
      ],
    };
  } finally {
    await stack.stop();
  }
}

function singlePlan(stack: BenchStack): RequestPlan {
  return {
    kind: 'events',
    apiKey: stack.ingestKey,
    eventsPerRequest: 1,
    tenantsPerRequest: 1,
    tenants: TENANTS,
    idPrefix: nextIdPrefix(),
  };
}
