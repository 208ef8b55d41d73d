import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { type BenchContext, serverVersions, TENANTS } from './bench-context.ts';
import {
  measureSingles,
  SINGLE_CONNECTIONS,
  singleMeasures,
  type ThroughputAndLatency,
  warmUp,
} from './latency-bench.ts';
import { type Findings, medianShares } from './report.ts';
import type { RequestPlan } from './requests.ts';
import type { LoadTarget } from './run-load.ts';
import { type BenchStack, startBenchStack, startProgram } from './stack.ts';

/** What this command measures. */
export const CHECK_TITLE = 'check: POST /v1/check of one hard limit, 50 connections, beside rate-limiter-flexible';

const WANTED = { perSecond: 15_000, p50Ms: 1, p99Ms: 5 };
/** Of each half; it has no disk to wait for or no counters to make, and is steady at once. */
const COMPETITOR_SECONDS = 4;
const CALLS = ['get', 'consume'] as const;

interface Round {
  readonly ours: ThroughputAndLatency;
  readonly limiter: Readonly<Record<(typeof CALLS)[number], ThroughputAndLatency>>;
}

/** Questions about limits through the real server, and the same by a rate limiter on the same Redis, in turn. */
export async function benchCheck(context: BenchContext): Promise<Findings> {
  const stack = await startBenchStack({ tenants: TENANTS });
  try {
    const plan = (): RequestPlan => ({ kind: 'check', apiKey: stack.ingestKey });
    await warmUp(context, stack, plan());
    const rounds: Round[] = [];
    for (let run = 0; run < context.runs; run += 1) {
      const ours = await measureSingles(context, stack, plan);
      const get = await measureLimiter(context, stack, 'get', plan);
      const consume = await measureLimiter(context, stack, 'consume', plan);
      rounds.push({ ours, limiter: { get, consume } });
    }
    return await describe(stack, rounds);
  } finally {
    await stack.stop();
  }
}

async function measureLimiter(
  context: BenchContext,
  stack: BenchStack,
  call: (typeof CALLS)[number],
  plan: () => RequestPlan,
): Promise<ThroughputAndLatency> {
  const server = await startProgram('bench/rate-limiter-server.ts', [stack.redisUrl, call], process.env);
  try {
    const target: LoadTarget = {
      apiUrl: /http:\S+/.exec(server.readyLine)?.[0] ?? '',
      processes: () => ({ limiter: server.pid, Redis: stack.processes()['Redis'] ?? 0 }),
    };
    await warmUp(context, target, plan());
    return await measureSingles(context, target, plan, COMPETITOR_SECONDS);
  } finally {
    await server.stop();
  }
}

function limiterVersion(): string {
  const entry = createRequire(import.meta.url).resolve('rate-limiter-flexible');
  return (JSON.parse(readFileSync(join(dirname(entry), 'package.json'), 'utf8')) as { version: string }).version;
}

async function describe(stack: BenchStack, rounds: readonly Round[]): Promise<Findings> {
  const ours = rounds.map((round) => round.ours);
  const versions = await serverVersions(stack.database, stack.redis);
  return {
    versions: `${versions}, rate-limiter-flexible ${limiterVersion()}`,
    settings: { runs: rounds.length, connections: SINGLE_CONNECTIONS, 'limited tenants': TENANTS },
    measures: [
      ...singleMeasures('check', 'ours', 'checks/s', ours, WANTED),
      ...CALLS.flatMap((call) =>
        singleMeasures(
          `check.limiter_${call}`,
          `rate-limiter-flexible ${call}`,
          'checks/s',
          rounds.map(({ limiter }) => limiter[call]),
          null,
        ),
      ),
      ...CALLS.map((call) => ({
        key: `check.against_${call}`,
        name: `ours against rate-limiter-flexible ${call}`,
        unit: '×',
        runs: rounds.map((round) => round.ours.full.eventsPerSecond / round.limiter[call].full.eventsPerSecond),
      })),
    ],
    processors: [
      medianShares(
        'ours',
        ours.map(({ full }) => full),
      ),
      ...CALLS.map((call) =>
        medianShares(
          `rate-limiter-flexible ${call}`,
          rounds.map(({ limiter }) => limiter[call].full),
        ),
      ),
    ],
    notes: [
      'Both answer over HTTP to the same generator, in turn. The competitor has a bare node:http server, no keys, no catalogue and no versions to compare; ours is the whole service.',
      '`get` only reads, as a check does; `consume` writes, and so waits for the disk.',
    ],
  };
}
