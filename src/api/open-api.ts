import { Client, Connection } from '@temporalio/client';
import type { Logger } from 'pino';

import { CatalogueCache } from '../catalog/catalogue-cache.ts';
import { KeyCache } from '../catalog/key-cache.ts';
import type { Config } from '../config.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { checkLimits } from '../ingest/check-limits.ts';
import { takeEvents } from '../ingest/take-events.ts';
import { openDatabase } from '../ledger/database.ts';
import { advanceCatalogue } from '../meter/advance-gate.ts';
import { watchMemory } from '../meter/memory-watch.ts';
import { type MeterConnection, openMeterConnection } from '../meter/meter-connection.ts';
import { countThresholdSignals } from '../metrics/alert-metrics.ts';
import { createProgramMetrics } from '../metrics/program-metrics.ts';
import type { ApiDeps, Dependency } from './api-deps.ts';
import { createLiveCounters, openMeter, refuseLossyRedis } from './open-meter.ts';
import { openIngest } from './open-ingest.ts';
import { openReservations } from './open-reservations.ts';
import { openMetrics } from './open-metrics.ts';
import { startPeriodKeeper } from './period-keeper.ts';
import { startRefusalKeeper } from './refusal-keeper.ts';
import { createTemporalControl } from './temporal-control.ts';

/** The API's connections and caches, opened, and how to close them. */
export interface OpenApi {
  readonly deps: ApiDeps;
  close(): Promise<void>;
}

/**
 * The composition root of the API: the one place that opens its connections. PostgreSQL must be there, since without the
 * catalogue nothing can be answered; Redis and Temporal may come later and go, requests that need them are then 503.
 */
export async function openApi(config: Config, log: Logger, clock: () => EpochMicros): Promise<OpenApi> {
  const pool = openDatabase({
    ...config,
    applicationName: 'tollkeeper-api',
    poolSizeMax: config.databasePoolSizeMax,
  });
  const onPollError = (error: unknown): void => log.warn({ err: error }, 'the catalogue could not be read again');
  const catalogue = new CatalogueCache({ db: pool, onPollError });
  const redis = openMeterConnection(config.redisUrl, (error) => log.warn({ err: error }, 'Redis does not answer'));
  try {
    await catalogue.reload();
    await refuseLossyRedis(config, redis);
  } catch (error) {
    redis.disconnect();
    await pool.end();
    throw error;
  }
  const metrics = createProgramMetrics({ program: 'api', ...config });
  const meter = openMeter(config, redis, pool, clock, metrics);
  // Without the SDK's own retries, whose timers outlive the connection and then throw where nobody can catch it. A Temporal that
  // does not answer is a 503, and clients send again under the same Idempotency-Key.
  const connection = Connection.lazy({ address: config.temporalAddress, interceptors: [] });
  const temporal = new Client({ connection, namespace: config.temporalNamespace });
  const keys = new KeyCache(pool, clock);
  const onPeriodError = (error: unknown): void => log.error({ err: error }, 'periods could not be made ahead');
  const keeper = startPeriodKeeper({ pool, catalogue, clock, onError: onPeriodError });
  catalogue.start();
  const onThresholdSignal = countThresholdSignals(metrics.registry);
  const ingest = openIngest({ ...config, meter, temporal, pool, catalogue, keys, clock, log, onThresholdSignal });
  const onRefusalError = (error: unknown): void => log.warn({ err: error }, 'refused usage could not be counted');
  const refusals = startRefusalKeeper({ pool, counts: ingest.refusals, onError: onRefusalError });
  const { mode, profile, temporalUiUrl, temporalNamespace } = config;
  const memory = watchMemory(meter, { maxBytes: config.redisMemoryMaxBytes });
  const deps: ApiDeps = {
    pool,
    meter,
    watchedMemory: () => memory.look(),
    catalogue,
    keys,
    clock,
    log,
    mode,
    profile,
    temporalUiUrl,
    temporalNamespace,
    ...openMetrics(config, metrics, {
      pool,
      clock,
      meter,
      takeEvents: (request) => takeEvents(ingest, request),
      checkLimits: (question) => checkLimits(ingest, question),
    }),
    reservations: openReservations(ingest, metrics.registry),
    flushRefusals: () => refusals.flush(),
    counters: createLiveCounters(meter),
    billing: createTemporalControl(temporal, config.temporalTaskQueue),
    announceCatalogue: (version) => advanceCatalogue(meter, version),
    dependencies: dependenciesOf({ pool, redis, connection }),
  };
  return {
    deps,
    close: async () => {
      catalogue.stop();
      await keeper.stop();
      await refusals.stop();
      memory.stop();
      redis.disconnect();
      await connection.close();
      await pool.end();
    },
  };
}

interface Connections {
  readonly pool: ApiDeps['pool'];
  readonly redis: MeterConnection;
  readonly connection: Connection;
}

function dependenciesOf({ pool, redis, connection }: Connections): readonly Dependency[] {
  const checks: readonly [Dependency['name'], boolean, () => Promise<unknown>][] = [
    ['postgresql', true, () => pool.query('select 1')],
    ['redis', true, () => redis.ping()],
    ['temporal', false, () => connection.workflowService.getSystemInfo({})],
  ];
  return checks.map(([name, isVital, ask]) => ({ name, isVital, check: async () => void (await ask()) }));
}
