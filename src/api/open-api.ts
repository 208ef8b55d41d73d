import { Client, Connection } from '@temporalio/client';
import type { Logger } from 'pino';

import { CatalogueCache } from '../catalog/catalogue-cache.ts';
import { KeyCache } from '../catalog/key-cache.ts';
import type { Config } from '../config.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { createIngestService } from '../ingest/ingest-service.ts';
import type { LedgerQuestion } from '../ingest/ingest-service.ts';
import { takeEvents } from '../ingest/take-events.ts';
import { openDatabase } from '../ledger/database.ts';
import { knownIds } from '../ledger/known-ids.ts';
import { advanceCatalogue } from '../meter/advance-gate.ts';
import { openMeterRedis } from '../meter/redis-connection.ts';
import * as messages from '../../workflows/messages.ts';
import type { ApiDeps, Dependency } from './api-deps.ts';
import { createLiveCounters, openMeter, refuseLossyRedis } from './open-meter.ts';
import { extendPeriods, startPeriodKeeper } from './period-keeper.ts';
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
  const redis = openMeterRedis(config.redisUrl, (error) => log.warn({ err: error }, 'Redis does not answer'));
  try {
    await catalogue.reload();
    await refuseLossyRedis(config, redis);
  } catch (error) {
    redis.disconnect();
    await pool.end();
    throw error;
  }
  const meter = openMeter(config, redis, pool, clock);
  const connection = Connection.lazy({ address: config.temporalAddress });
  const temporal = new Client({ connection, namespace: config.temporalNamespace });
  const keys = new KeyCache(pool, clock);
  const onPeriodError = (error: unknown): void => log.error({ err: error }, 'periods could not be made ahead');
  const keeper = startPeriodKeeper({ pool, catalogue, clock, onError: onPeriodError });
  catalogue.start();
  const ingest = createIngestService({
    meter,
    catalogue,
    keys,
    clock,
    knownIds: (questions) => answerKnownIds(pool, questions),
    extendPeriods: async (tenant, throughMicros) => {
      const entry = catalogue.current().tenants.get(tenant);
      if (entry === undefined) return;
      await extendPeriods(pool, entry, throughMicros);
      await catalogue.reload();
    },
    onNewUsage: (tenant) => poke(temporal, tenant, log),
  });
  const { mode, profile, temporalUiUrl, temporalNamespace } = config;
  const deps: ApiDeps = {
    pool,
    catalogue,
    keys,
    clock,
    log,
    mode,
    profile,
    temporalUiUrl,
    temporalNamespace,
    takeEvents: (request) => takeEvents(ingest, request),
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
      redis.disconnect();
      await connection.close();
      await pool.end();
    },
  };
}

interface Connections {
  readonly pool: ApiDeps['pool'];
  readonly redis: ReturnType<typeof openMeterRedis>;
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

function nameOfEvent({ tenant, occurredAtMicros, idDigest }: LedgerQuestion): string {
  return `${tenant}/${occurredAtMicros}/${idDigest.toString('hex')}`;
}

/** The ledger answers what it knows; ingest wants an answer to each question, in order. */
async function answerKnownIds(
  pool: ApiDeps['pool'],
  questions: readonly LedgerQuestion[],
): Promise<(Buffer | undefined)[]> {
  const known = new Map((await knownIds(pool, questions)).map((event) => [nameOfEvent(event), event.contentDigest]));
  return questions.map((question) => known.get(nameOfEvent(question)));
}

/** Best effort: a poke that is lost costs the next checkpoint some time, no more. */
function poke(temporal: Client, tenant: string, log: Logger): void {
  const handle = temporal.workflow.getHandle(messages.tenantBillingId(tenant));
  handle.signal(messages.poke).catch((error: unknown) => log.debug({ err: error, tenant }, 'a poke was lost'));
}
