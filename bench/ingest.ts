import { type BenchContext, BATCH_CONNECTIONS, BATCH_EVENTS, batchPlan, secondsOf } from './bench-context.ts';
import { nextIdPrefix, serverVersions, TENANTS } from './bench-context.ts';
import { readProcessorSeconds, processorMicrosPerEvent } from './processes.ts';
import { type Findings, type Measure, medianShares, type ProcessorShare } from './report.ts';
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

type Variant = 'one_tenant' | 'fifty_tenants' | 'hot_tenant';
const VARIANTS: Readonly<
  Record<Variant, { name: string; tenantsPerRequest: number; tenants: number; wanted: number }>
> = {
  one_tenant: { name: 'one tenant a batch', tenantsPerRequest: 1, tenants: TENANTS, wanted: 80_000 },
  fifty_tenants: { name: '50 tenants a batch', tenantsPerRequest: 50, tenants: TENANTS, wanted: 50_000 },
  hot_tenant: { name: 'one hot tenant', tenantsPerRequest: 1, tenants: 1, wanted: 0 },
};

interface UsualFigures {
  readonly eventsPerSecond: number;
  /** `null`: there is no pgbench here. */
  readonly pgbenchPerSecond: number | null;
  readonly walBytesPerEvent: number;
  readonly databaseBytesPerEvent: number;
  readonly microsPerEvent: Readonly<Record<string, number>>;
}

interface Round {
  readonly ours: Readonly<Record<Variant, RunToRows>>;
  readonly spread: UsualFigures;
  readonly hot: UsualFigures;
}

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

/** The faster of the two clients is the competitor. */
function usualSpeed({ eventsPerSecond, pgbenchPerSecond }: UsualFigures): number {
  return Math.max(eventsPerSecond, pgbenchPerSecond ?? 0);
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

function ourMeasures(rounds: readonly Round[]): Measure[] {
  return (Object.keys(VARIANTS) as Variant[]).flatMap((key): Measure[] => {
    const { name, wanted } = VARIANTS[key];
    const of = (pick: (run: RunToRows) => number): number[] => rounds.map(({ ours }) => pick(ours[key]));
    const measure = (suffix: string, unit: string, pick: (run: RunToRows) => number): Measure => {
      return { key: `ingest.${key}.${suffix}`, name: `${name}: ${suffix.replaceAll('_', ' ')}`, unit, runs: of(pick) };
    };
    return [
      {
        key: `ingest.${key}.events_per_second`,
        name: `${name}: events to rows`,
        unit: 'events/s',
        runs: of(({ eventsPerSecond }) => eventsPerSecond),
        ...(wanted > 0 && { target: { atLeast: wanted } }),
      },
      measure('wal_bytes', 'B/event', ({ walBytesPerEvent }) => walBytesPerEvent),
      measure('database_bytes', 'B/event', ({ databaseBytesPerEvent }) => databaseBytesPerEvent),
      measure('journal_mean', 'events', ({ backlog }) => mean(backlog.map(([, events]) => events))),
    ];
  });
}

function usualMeasures(rounds: readonly Round[]): Measure[] {
  return (['spread', 'hot'] as const).flatMap((key): Measure[] => {
    const name = key === 'hot' ? 'usual way, one hot tenant' : 'usual way, spread';
    const of = (pick: (figures: UsualFigures) => number | null): number[] =>
      rounds.flatMap((round) => pick(round[key]) ?? []);
    const events = of(({ eventsPerSecond }) => eventsPerSecond);
    const pgbench = of(({ pgbenchPerSecond }) => pgbenchPerSecond);
    const share = of(({ eventsPerSecond, pgbenchPerSecond }) =>
      pgbenchPerSecond === null ? null : eventsPerSecond / pgbenchPerSecond,
    );
    return [
      { key: `ingest.usual_${key}.events_per_second`, name, unit: 'events/s', runs: events },
      ...(pgbench.length === 0
        ? []
        : [
            { key: `ingest.usual_${key}.pgbench`, name: `${name}, by pgbench`, unit: 'events/s', runs: pgbench },
            {
              key: `ingest.usual_${key}.share_of_pgbench`,
              name: `${name}: share of pgbench`,
              unit: '×',
              runs: share,
              target: { atLeast: 0.8 },
            },
          ]),
      {
        key: `ingest.usual_${key}.wal_bytes`,
        name: `${name}: wal bytes`,
        unit: 'B/event',
        runs: of(({ walBytesPerEvent }) => walBytesPerEvent),
      },
      {
        key: `ingest.usual_${key}.database_bytes`,
        name: `${name}: database bytes`,
        unit: 'B/event',
        runs: of(({ databaseBytesPerEvent }) => databaseBytesPerEvent),
      },
    ];
  });
}

function comparisons(rounds: readonly Round[]): Measure[] {
  const ratio = (key: string, name: string, pick: (round: Round) => number, target?: Measure['target']): Measure => ({
    key: `ingest.${key}`,
    name,
    unit: '×',
    runs: rounds.map(pick),
    ...(target !== undefined && { target }),
  });
  const speed = (round: Round, variant: Variant): number => round.ours[variant].eventsPerSecond;
  return [
    ratio(
      'against_spread',
      'ours against the usual way, spread',
      (r) => speed(r, 'one_tenant') / usualSpeed(r.spread),
      {
        atLeast: 9,
      },
    ),
    ratio(
      'against_hot',
      'ours against the usual way with a hot tenant',
      (r) => speed(r, 'one_tenant') / usualSpeed(r.hot),
      {
        atLeast: 40,
      },
    ),
    ratio('hot_against_hot', 'ours against the usual way, both hot', (r) => speed(r, 'hot_tenant') / usualSpeed(r.hot)),
    ratio(
      'wal_against_spread',
      'WAL per event against the usual way',
      (r) => r.ours.one_tenant.walBytesPerEvent / r.spread.walBytesPerEvent,
      { atMost: 0.5 },
    ),
    ratio(
      'bytes_against_spread',
      'database bytes per event against the usual way',
      (r) => r.ours.one_tenant.databaseBytesPerEvent / r.spread.databaseBytesPerEvent,
      { atMost: 0.5 },
    ),
  ];
}

function processorShares(rounds: readonly Round[]): ProcessorShare[] {
  const ours = (Object.keys(VARIANTS) as Variant[]).map((key) =>
    medianShares(
      VARIANTS[key].name,
      rounds.map((round) => round.ours[key]),
    ),
  );
  const usual = (['spread', 'hot'] as const).map((key) =>
    medianShares(
      key === 'hot' ? 'usual way, one hot tenant' : 'usual way, spread',
      rounds.map((round) => round[key]),
    ),
  );
  return [...ours, ...usual];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
}
