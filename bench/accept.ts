import { type BenchContext, BATCH_CONNECTIONS, BATCH_EVENTS, batchPlan, secondsOf } from './bench-context.ts';
import { serverVersions, TENANTS } from './bench-context.ts';
import { emptyLongJournal } from './empty-journal.ts';
import { type Findings, medianShares } from './report.ts';
import { type AnsweredRun, runLoad } from './run-load.ts';
import { type BenchStack, startBenchStack } from './stack.ts';

/** What this command measures. */
export const ACCEPT_TITLE = 'accept: batches of 100, answered (nothing drains the journal meanwhile)';

const SECONDS = 5;
const SECONDS_WARM = 2;

const VARIANTS = [
  { key: 'one_tenant', name: 'one tenant a batch', tenantsPerRequest: 1, wanted: 200_000 },
  { key: 'fifty_tenants', name: '50 tenants a batch', tenantsPerRequest: 50, wanted: 80_000 },
] as const;

/** How many events are answered when nothing takes processors from answering: no worker runs during a run. */
export async function benchAccept(context: BenchContext): Promise<Findings> {
  const seconds = secondsOf(context, SECONDS);
  const stack = await startBenchStack({ tenants: TENANTS });
  try {
    await run(context, stack, 50, Math.min(seconds, SECONDS_WARM));
    const rounds: (readonly AnsweredRun[])[] = [];
    for (let round = 0; round < context.runs; round += 1) {
      const runs: AnsweredRun[] = [];
      for (const { name, tenantsPerRequest } of VARIANTS) {
        const answered = await run(context, stack, tenantsPerRequest, seconds);
        context.say(`${name}: ${Math.round(answered.eventsPerSecond)} events/s answered`);
        runs.push(answered);
        await emptyLongJournal(context, stack);
      }
      rounds.push(runs);
    }
    return await describe(stack, rounds, seconds);
  } finally {
    await stack.stop();
  }
}

function run(context: BenchContext, stack: BenchStack, tenants: number, seconds: number): Promise<AnsweredRun> {
  const requests = batchPlan(stack, tenants);
  return runLoad(context, stack, { connections: BATCH_CONNECTIONS, seconds, requests, pace: { kind: 'free' } });
}

async function describe(
  stack: BenchStack,
  rounds: readonly (readonly AnsweredRun[])[],
  seconds: number,
): Promise<Findings> {
  const of = (place: number): AnsweredRun[] => rounds.flatMap((runs) => runs[place] ?? []);
  return {
    versions: await serverVersions(stack.database, stack.redis),
    settings: {
      runs: rounds.length,
      'seconds a run': seconds,
      'events a batch': BATCH_EVENTS,
      connections: BATCH_CONNECTIONS,
      tenants: TENANTS,
    },
    measures: VARIANTS.flatMap(({ key, name, wanted }, place) => [
      {
        key: `accept.${key}.events_per_second`,
        name: `${name}: answered`,
        unit: 'events/s',
        runs: of(place).map(({ eventsPerSecond }) => eventsPerSecond),
        target: { atLeast: wanted },
      },
      {
        key: `accept.${key}.p50`,
        name: `${name}: p50 of a batch at full load`,
        unit: 'ms',
        runs: of(place).map(({ load }) => load.latencyMicros.p50 / 1_000),
      },
      {
        key: `accept.${key}.p99`,
        name: `${name}: p99 of a batch at full load`,
        unit: 'ms',
        runs: of(place).map(({ load }) => load.latencyMicros.p99 / 1_000),
      },
    ]),
    processors: VARIANTS.map(({ name }, place) => medianShares(name, of(place))),
    notes: [
      'No worker runs: what is answered stays in the journal. `ingest` shows what is answered while everything drains.',
      'At full load the latency of a batch is waiting in line, not service: `single` shows latency at a fixed rate.',
    ],
  };
}
