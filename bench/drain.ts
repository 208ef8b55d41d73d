import { setTimeout as delay } from 'node:timers/promises';

import { BATCH_CONNECTIONS, BATCH_EVENTS, batchPlan, type BenchContext, jobFor } from './bench-context.ts';
import { serverVersions, TENANTS } from './bench-context.ts';
import { ensureFilled, filledFolder } from './filled-ledger.ts';
import { processorMicrosPerEvent, readProcessorSeconds } from './processes.ts';
import { type Findings, medianShares } from './report.ts';
import { type BenchStack, startBenchStack } from './stack.ts';
import { acceptedEvents, committedEvents, readVolume } from './stores.ts';

/** What this command measures. */
export const DRAIN_TITLE = 'drain: a waiting journal into a partition that has 10 million rows already';

const EVENTS = 1_200_000;
const EVENTS_QUICK = 50_000;
/** Of those that wait, drained before anything is measured: meanwhile the worker compiles itself and starts the billing of all tenants. */
const WARM_SHARE = 0.25;
const FILL_SECONDS_MAX = 120;
const DRAIN_TIMEOUT_MS = 300_000;
const POLL_MS = 10;
const DATABASE = 'tollkeeper';

interface DrainRun {
  readonly rowsPerSecond: number;
  readonly walBytesPerRow: number;
  readonly databaseBytesPerRow: number;
  readonly microsPerEvent: Readonly<Record<string, number>>;
}

/** Fills the journal while no worker runs, then starts one and measures, once it is warm, until its last commit. */
export async function benchDrain(context: BenchContext): Promise<Findings> {
  const filled = filledFolder(context.quick);
  const stack = await startBenchStack({ tenants: TENANTS, dataFolder: filled.folder });
  try {
    await ensureFilled(stack.database, filled, context.say);
    const events = context.quick ? EVENTS_QUICK : EVENTS;
    const runs: DrainRun[] = [];
    for (let run = 0; run < context.runs; run += 1) {
      await fillJournal(context, stack, events);
      const figures = await drainJournal(stack, events);
      context.say(`${Math.round(figures.rowsPerSecond)} rows/s, ${Math.round(figures.walBytesPerRow)} B of WAL a row`);
      runs.push(figures);
    }
    return {
      versions: await serverVersions(stack.database, stack.redis),
      settings: {
        runs: runs.length,
        'rows in the partition before': filled.rows,
        'events a run': events,
        'of them before it is measured': events * WARM_SHARE,
        'events an entry': BATCH_EVENTS,
        tenants: TENANTS,
        shards: 2,
      },
      measures: [
        {
          key: 'drain.rows_per_second',
          name: 'rows and their rollups',
          unit: 'rows/s',
          runs: runs.map(({ rowsPerSecond }) => rowsPerSecond),
          target: { atLeast: 100_000 },
        },
        {
          key: 'drain.wal_bytes',
          name: 'write-ahead log',
          unit: 'B/row',
          runs: runs.map(({ walBytesPerRow }) => walBytesPerRow),
          target: { atMost: 500 },
        },
        {
          key: 'drain.database_bytes',
          name: 'database',
          unit: 'B/row',
          runs: runs.map(({ databaseBytesPerRow }) => databaseBytesPerRow),
        },
      ],
      processors: [medianShares('draining', runs)],
      notes: [
        'The worker is the real one, started for each run; it is measured from the commit on that makes a quarter of what waits, when it is warm. A checkpoint comes before each run, so full pages are in the log.',
        'The filled ledger is kept among the temporary files and used again; earlier runs of the month have added to it.',
      ],
    };
  } finally {
    await stack.stop();
  }
}

async function fillJournal({ generator }: BenchContext, stack: BenchStack, events: number): Promise<void> {
  await generator.run(
    jobFor(stack.apiUrl, {
      connections: BATCH_CONNECTIONS,
      seconds: FILL_SECONDS_MAX,
      requestsMax: events / BATCH_EVENTS,
      requests: batchPlan(stack, 1),
      pace: { kind: 'free' },
    }),
  );
}

async function drainJournal(stack: BenchStack, events: number): Promise<DrainRun> {
  await stack.database.query('checkpoint');
  const end = await acceptedEvents(stack.redis);
  const waiting = end - (await committedEvents(stack.database));
  if (waiting < events) throw new Error(`${events} events were sent, ${waiting} wait in the journal`);
  await stack.startWorker();
  const from = await committedPast(stack, end - waiting + events * WARM_SHARE);
  const [startedAt, before] = [performance.now(), await readVolume(stack.database, DATABASE)];
  const processorsBefore = readProcessorSeconds(stack.processes());
  await committedPast(stack, end - 1);
  const seconds = (performance.now() - startedAt) / 1_000;
  const processorsAfter = readProcessorSeconds(stack.processes());
  const after = await readVolume(stack.database, DATABASE);
  const rows = end - from;
  await stack.stopWorker();
  return {
    rowsPerSecond: rows / seconds,
    walBytesPerRow: (after.walBytes - before.walBytes) / rows,
    databaseBytesPerRow: (after.databaseBytes - before.databaseBytes) / rows,
    microsPerEvent: processorMicrosPerEvent(processorsBefore, processorsAfter, rows),
  };
}

/** Waits until more than `events` are committed. @returns how many are */
async function committedPast(stack: BenchStack, events: number): Promise<number> {
  const deadline = performance.now() + DRAIN_TIMEOUT_MS;
  for (;;) {
    const committed = await committedEvents(stack.database);
    if (committed > events) return committed;
    if (performance.now() > deadline)
      throw new Error(`the ledger stands at ${committed} events and should pass ${events}`);
    await delay(POLL_MS);
  }
}
