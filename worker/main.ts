import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client, Connection } from '@temporalio/client';
import { makeTelemetryFilterString, NativeConnection, Runtime, Worker, type LogLevel } from '@temporalio/worker';
import { pino, type Logger } from 'pino';

import type { BillingDeps } from '../activities/billing-deps.ts';
import { createBillingActivities } from '../activities/billing-activities.ts';
import { createJournalActivities } from '../activities/journal-activities.ts';
import { startCycleWorkflow } from '../activities/tenant-activities.ts';
import { CatalogueCache } from '../src/catalog/catalogue-cache.ts';
import { type Config, ConfigError, readConfig } from '../src/config.ts';
import { openDatabase } from '../src/ledger/database.ts';
import { countAlerts } from '../src/metrics/alert-metrics.ts';
import { createProgramMetrics } from '../src/metrics/program-metrics.ts';
import { scrape } from '../src/metrics/scrape.ts';
import { createWorkflowStarter, type WorkflowStarter } from './billing-workflows.ts';
import { crashAfter } from './crash-after.ts';
import { serveMetrics } from './serve-metrics.ts';
import { openStations } from './stations.ts';
import { Sweep } from './sweep.ts';

const EXIT_BAD_SETTINGS = 2;
/** Activities get this long to end by themselves after SIGTERM, then they are cancelled; then the process ends anyway. */
const SHUTDOWN_GRACE = '3 seconds';
const SHUTDOWN_FORCE = '8 seconds';
/** About 600 fit into one GB of heap; sleeping tenants are replayed when they wake. */
const CACHED_WORKFLOWS_MAX = 400;
const WORKFLOW_TASKS_MAX = 20;
const MICROS_PER_MS = 1_000;

/** Source files run as they are, a build as JavaScript: the workflows beside this file have its extension. */
const WORKFLOWS = fileURLToPath(new URL(`../workflows/index${extname(import.meta.url)}`, import.meta.url));

const clock = (): number => Date.now() * MICROS_PER_MS;

/** The composition root of the worker: makes every client, joins the stations, runs until SIGTERM or SIGINT. */
async function runWorker(config: Config): Promise<void> {
  const log = pino({ name: 'worker', level: config.logLevel });
  installRuntime(log, config);
  const pool = openDatabase({
    ...config,
    applicationName: 'tollkeeper-worker',
    poolSizeMax: config.databasePoolSizeMax,
  });
  const metrics = createProgramMetrics({ program: 'worker', ...config });
  metrics.watchPool(pool);
  // First of all, so that a port that is taken is told before anything else is done.
  const metricsServer = await serveMetrics({ host: config.apiHost, port: config.workerPort }, () =>
    scrape(metrics.registry, () => Promise.resolve()),
  );
  const stations = await openStations(config, pool, clock, metrics, (error) =>
    log.warn({ error: error.message }, 'Redis'),
  );
  const address = config.temporalAddress;
  const [connection, native] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ]);
  const client = new Client({ connection, namespace: config.temporalNamespace });
  const workflows = createWorkflowStarter(client, config.temporalTaskQueue, (workflowId, error) =>
    log.warn({ workflowId, error: String(error) }, 'a poke was lost; the sweep makes up for it'),
  );
  const catalogue = new CatalogueCache({ db: pool, onPollError: (error) => log.warn({ error: String(error) }) });
  const deps: BillingDeps = {
    pool,
    clock,
    workflows,
    meter: stations.meter,
    drain: stations.drain,
    readCatalogue: () => catalogue.reload(),
    onAlerts: countAlerts(metrics.registry),
    ...(config.crashAfterStep === null ? {} : { afterEffect: crashAfter(config.crashAfterStep) }),
  };
  const worker = await Worker.create({
    connection: native,
    namespace: config.temporalNamespace,
    taskQueue: config.temporalTaskQueue,
    workflowsPath: WORKFLOWS,
    activities: { ...createBillingActivities(deps), ...createJournalActivities(stations.journal) },
    maxCachedWorkflows: CACHED_WORKFLOWS_MAX,
    maxConcurrentWorkflowTaskExecutions: WORKFLOW_TASKS_MAX,
    // As many as the pool has connections for; beside them the drains, which hold their slots for ever.
    maxConcurrentActivityTaskExecutions: config.databasePoolSizeMax + config.shardCount,
    shutdownGraceTime: SHUTDOWN_GRACE,
    shutdownForceTime: SHUTDOWN_FORCE,
  });
  const sweep = createSweep(config, deps, workflows, log);
  const running = worker.run();
  await sweep.start();
  const { temporalTaskQueue, shardCount } = config;
  process.stdout.write(
    `worker ready: task queue ${temporalTaskQueue}, ${shardCount} shards, ${metricsServer.url}/metrics\n`,
  );
  try {
    await running;
  } finally {
    await sweep.stop();
    stations.close();
    await Promise.all([connection.close(), native.close(), pool.end(), metricsServer.close()]);
  }
}

function createSweep(config: Config, deps: BillingDeps, workflows: WorkflowStarter, log: Logger): Sweep {
  return new Sweep({
    db: deps.pool,
    workflows,
    clock: deps.clock,
    shardCount: config.shardCount,
    startCycleWorkflow: (cycle) => startCycleWorkflow(deps, cycle),
    hasUnseenUsage: async (tenant) => (await deps.meter.readGateRecord(tenant))?.isDirty ?? false,
    onError: (error) => log.warn({ error: String(error) }, 'a sweep could not do everything; the next one tries again'),
  });
}

/** The SDK's own messages go the way of ours. It handles SIGINT and SIGTERM: the worker then drains and ends. */
function installRuntime(log: Logger, config: Config): void {
  const levels: Readonly<Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'>> = {
    TRACE: 'trace',
    DEBUG: 'debug',
    INFO: 'debug',
    WARN: 'warn',
    ERROR: 'error',
  };
  const write = (level: LogLevel, message: string, details: object = {}): void =>
    log[levels[level]]({ temporal: details }, message);
  Runtime.install({
    logger: {
      log: write,
      trace: (message, details) => write('TRACE', message, details),
      debug: (message, details) => write('DEBUG', message, details),
      info: (message, details) => write('INFO', message, details),
      warn: (message, details) => write('WARN', message, details),
      error: (message, details) => write('ERROR', message, details),
    },
    telemetryOptions: {
      logging: {
        forward: {},
        filter: makeTelemetryFilterString({ core: config.logLevel === 'debug' ? 'INFO' : 'ERROR' }),
      },
    },
  });
}

try {
  await runWorker(readConfig(process.env));
} catch (error) {
  const isSetting = error instanceof ConfigError || error instanceof RangeError;
  const text = error instanceof Error ? (isSetting ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`the worker cannot run: ${text}\n`);
  // Connections that were opened before the failure must not keep the process alive.
  process.exit(isSetting ? EXIT_BAD_SETTINGS : 1);
}
