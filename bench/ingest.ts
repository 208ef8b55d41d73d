import { type BenchContext, BATCH_CONNECTIONS, BATCH_EVENTS, batchPlan, secondsOf } from './bench-context.ts';
import { nextIdPrefix, serverVersions, TENANTS } from './bench-context.ts';
import { readProcessorSeconds, processorMicrosPerEvent } from './processes.ts';
import {
  comparisons,
  ourMeasures,
  processorShares,
  type Round,
  type UsualFigures,
  usualMeasures,
} from './ingest-measures.ts';
import { type Variant, VARIANTS } from './ingest-measures.ts';
import type { Findings } from './report.ts';
import { type RunToRows, runToRows, WINDOW_EVENTS } from './run-to-rows.ts';
import { type BenchStack, startBenchStack } from './stack.ts';
import { readVolume } from './stores.ts';
import { openUsualWay, runPgbench, runUsualWay } from './usual-way.ts';

/** What this command measures. */
export const INGEST_TITLE = 'ingest: batches of 100 over HTTP to committed raw rows and rollups, the backlog flat';

const SECONDS = 30;
const SECONDS_WARM = 3;
/** Hot tenants and competitors come to rest at once; they need no half a minute. */
const SECONDS_SHORT = 6;
const COMPETITOR_CONNECTIONS = 32;

/** Ours and the usual way in turn, so that both meet the same hour of the machine. */
export async function benchIngest(context: BenchContext): Promise<Findings> {
  const stack = await startBenchStack({ tenants: TENANTS });
  try {
    await stack.startWorker();
    const usualUrl = await openUsualWay(stack.database, stack.databaseUrl);
    const seconds = secondsOf(context, SECONDS);
    await stack.database.query('checkpoint');
    await measure(context, stack, 'one_tenant', Math.min(seconds, SECONDS_WARM));
    const rounds: Round[] = [];
    for (let run = 1; run <= context.runs; run += 1) {
      const ours = {
        one_tenant: await measure(context, stack, 'one_tenant', seconds),
        fifty_tenants: await measure(context, stack, 'fifty_tenants', seconds),
        hot_tenant: await measure(context, stack, 'hot_tenant', Math.min(seconds, SECONDS_SHORT)),
      };
      const usual = { seconds: Math.min(seconds, SECONDS_SHORT), databaseUrl: usualUrl };
      const spread = await measureUsualWay(context, stack, { ...usual, tenants: TENANTS });
      const hot = await measureUsualWay(context, stack, { ...usual, tenants: 1 });
      rounds.push({ ours, spread, hot });
    }
    return await describe(stack, rounds, seconds);
  } finally {
    await stack.stop();
  }
}

async function measure(context: BenchContext, stack: BenchStack, name: Variant, seconds: number): Promise<RunToRows> {
  const variant = VARIANTS[name];
  const requests = batchPlan(stack, variant.tenantsPerRequest, variant.tenants);
  const run = await runToRows(context, stack, { seconds, requests });
  context.say(`${variant.name}: ${Math.round(run.eventsPerSecond)} events/s to rows`);
  return run;
}

async function measureUsualWay(
  context: BenchContext,
  stack: BenchStack,
  job: { readonly databaseUrl: string; readonly seconds: number; readonly tenants: number },
): Promise<UsualFigures> {
  const connections = COMPETITOR_CONNECTIONS;
  const volume = (): ReturnType<typeof readVolume> => readVolume(stack.database, 'usual_way');
  const before = await volume();
  let processes: Readonly<Record<string, number>> = {};
  let processorsBefore: Readonly<Record<string, number>> = {};
  let processorsAfter: Readonly<Record<string, number>> = {};
  const result = await runUsualWay(
    { ...job, connections, idPrefix: nextIdPrefix() },
    {
      onStart: (pid) => {
        processes = { application: pid, PostgreSQL: stack.processes()['PostgreSQL'] ?? 0 };
        processorsBefore = readProcessorSeconds(processes);
      },
      onEnd: () => (processorsAfter = readProcessorSeconds(processes)),
    },
  );
  const after = await volume();
  const pgbench = await runPgbench({ ...job, connections });
  const events = result.transactions;
  const figures = {
    eventsPerSecond: events / result.seconds,
    pgbenchPerSecond: pgbench?.transactionsPerSecond ?? null,
    walBytesPerEvent: (after.walBytes - before.walBytes) / events,
    databaseBytesPerEvent: (after.databaseBytes - before.databaseBytes) / events,
    microsPerEvent: processorMicrosPerEvent(processorsBefore, processorsAfter, events),
  };
  const where = job.tenants === 1 ? 'one hot tenant' : `${job.tenants} tenants`;
  context.say(
    `usual way, ${where}: ${Math.round(figures.eventsPerSecond)} events/s, pgbench ${pgbench === null ? 'is not installed' : Math.round(pgbench.transactionsPerSecond)}`,
  );
  return figures;
}

async function describe(stack: BenchStack, rounds: readonly Round[], seconds: number): Promise<Findings> {
  return {
    versions: await serverVersions(stack.database, stack.redis),
    settings: {
      runs: rounds.length,
      'seconds a run': seconds,
      'seconds of the hot tenant and of the usual way': Math.min(seconds, SECONDS_SHORT),
      'events a batch': BATCH_EVENTS,
      connections: BATCH_CONNECTIONS,
      'events under way at most': WINDOW_EVENTS,
      tenants: TENANTS,
      'connections of the usual way': COMPETITOR_CONNECTIONS,
    },
    measures: [...ourMeasures(rounds), ...usualMeasures(rounds), ...comparisons(rounds)],
    processors: processorShares(rounds),
    series: rounds.map(({ ours }, index) => ({
      name: `events in the journal, one tenant a batch, run ${index + 1}`,
      unit: 'events',
      points: ours.one_tenant.backlog,
    })),
    notes: [
      'Ours has millions of rows when the last run begins, the usual way a few hundred thousand: it is measured on small tables, which is to its advantage. It keeps no readings, no content digest, no rollups and no second index.',
      'Every run ends when its last event is committed; the rollups are then counted against what was answered.',
      'The backlog is what was answered and is not committed; a run whose backlog grows fails.',
      'The usual way: begin, select … for update, insert, update, commit for each event, without HTTP and JSON; its five statements go in two round trips.',
      `pgbench runs the same transaction with -n -M prepared -c ${COMPETITOR_CONNECTIONS} -j 2; the ratios are against the faster of the two clients.`,
      ...(rounds.some(({ spread }) => spread.pgbenchPerSecond === null)
        ? ['pgbench is not installed on this machine (Debian: postgresql-contrib): the check against it was skipped.']
        : []),
    ],
  };
}
