import type pg from 'pg';

import { openMeter } from '../../src/api/open-meter.ts';
import { applyCatalogue } from '../../src/catalog/apply-catalogue.ts';
import { createKey } from '../../src/catalog/api-keys.ts';
import { CatalogueCache } from '../../src/catalog/catalogue-cache.ts';
import { KeyCache } from '../../src/catalog/key-cache.ts';
import { parseCatalogue } from '../../src/catalog/parse-catalogue.ts';
import { prepareInstallation } from '../../src/catalog/prepare-installation.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import type { EventResult } from '../../src/domain/outcome.ts';
import { checkLimits } from '../../src/ingest/check-limits.ts';
import { createIngestService } from '../../src/ingest/create-ingest-service.ts';
import type { IngestService } from '../../src/ingest/ingest-service.ts';
import { takeEvents } from '../../src/ingest/take-events.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { inTransaction, openDatabase } from '../../src/ledger/database.ts';
import { ensurePeriods } from '../../src/ledger/periods.ts';
import { journalKey, shardOf } from '../../src/meter/keys.ts';
import { openMeterConnection, waitForConnection } from '../../src/meter/meter-connection.ts';
import { createMeterTrim } from '../../src/meter/trim-journal.ts';
import type { UsageMeter } from '../../src/meter/usage-meter.ts';
import { checkPlan } from '../../src/rating/check-plan.ts';
import { ingestRequest } from '../support/ingest-request.ts';
import { createTestDatabase } from '../support/test-database.ts';

export const SHARDS = 8;
export const NOVEMBER = '2026-11-01T00:00:00Z';
export const NOVEMBER_TENTH = '2026-11-10T00:00:00Z';
const NOW = requireInstant('2026-11-20T10:30:15Z');

/** One tenant for each shard: `t<number>`, the first whose hash falls there. */
export const TENANTS: readonly string[] = Array.from({ length: SHARDS }, (_, shard) => {
  for (let number = 0; ; number += 1) if (shardOf(`t${number}`, SHARDS) === shard) return `t${number}`;
});

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [], limits: [{ meter: calls, mode: hard, window: period, limit: 100000 }] }
tenants:
${TENANTS.map((id) => `  - { id: ${id}, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }`).join('\n')}
`;

/** One process of ingest with its drain, on a Redis Cluster. */
export interface ClusterStack {
  readonly meter: UsageMeter;
  readonly pool: pg.Pool;
  readonly service: IngestService;
  /** Sends one batch as a request would; a 503 is `undefined`. */
  send(events: readonly unknown[]): Promise<readonly EventResult[] | undefined>;
  check(tenant: string): ReturnType<typeof checkLimits>;
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a process with a database of its own. */
export async function openClusterStack(redisUrl: string): Promise<ClusterStack> {
  const database = await createTestDatabase();
  const pool = openDatabase({ databaseUrl: database.databaseUrl, applicationName: 'test', poolSizeMax: 8 });
  const clock = (): number => NOW;
  await inTransaction(pool, (client) =>
    prepareInstallation(client, {
      mode: 'test',
      issuer: { name: 'Toll Ltd', addressLines: [], taxIds: [] },
      shardCount: SHARDS,
      atMicros: NOW,
    }),
  );
  const redis = openMeterConnection(redisUrl, () => undefined);
  await waitForConnection(redis, 10_000);
  const settings = {
    shardCount: SHARDS,
    dedupWindowSeconds: 86_400,
    profile: 'durable',
    redisAttested: false,
  } as const;
  const meter = openMeter({ ...settings, journalRetention: { ageMs: 0, bytes: 0 } }, redis, pool, clock);
  const catalogue = new CatalogueCache({ db: pool, onPollError: () => undefined });
  const keys = new KeyCache(pool, clock);
  const service = createIngestService({
    meter,
    catalogue,
    keys,
    clock,
    knownIds: () => Promise.reject(new Error('this key may not backfill')),
    extendPeriods: (tenant, throughMicros) =>
      inTransaction(pool, async (client) => {
        const entry = catalogue.current().tenants.get(tenant);
        if (entry !== undefined) await ensurePeriods(client, tenant, entry.calendar, throughMicros);
      }),
    onNewUsage: () => undefined,
    onThreshold: () => undefined,
  });
  await inTransaction(pool, (client) =>
    applyCatalogue(client, parseCatalogue(YAML, 'test.yaml'), { dryRun: false, atMicros: NOW, checkPlan }),
  );
  await catalogue.reload();
  const scope = { name: 'test', tenant: null, expiresAtMicros: null, mode: 'test', atMicros: NOW } as const;
  const { secret } = await createKey(pool, { ...scope, scopes: ['ingest', 'read'] });
  return {
    meter,
    pool,
    service,
    send: async (events) => {
      const answer = await takeEvents(service, ingestRequest(secret, events));
      if ('results' in answer.body) return answer.body.results;
      if (answer.status !== 503) throw new Error(`status ${answer.status}: ${JSON.stringify(answer.body)}`);
      return undefined;
    },
    check: async (tenant) => {
      const key = await keys.authenticate(secret);
      if (key === undefined) throw new Error('the key is not known');
      return checkLimits(service, { key, tenant, meters: ['calls'], quantity: '1' });
    },
    drain: async () => {
      for (let shard = 0; shard < SHARDS; shard += 1) {
        const trim = createMeterTrim(meter);
        const context = { redis: meter.redis, pool, shard, journalKey: journalKey(shard), trim, clock };
        await drainAll(context, { timeoutMs: 20_000 });
      }
    },
    close: async () => {
      redis.disconnect();
      await pool.end();
      await database.drop();
    },
  };
}

/** A batch of one event for every tenant, so that it spans all shards. */
export function batchForAll(name: string, quantity = 1): unknown[] {
  return TENANTS.map((tenant) => ({ id: name, tenant, type: 'calls', occurredAt: '2026-11-20T10:00:00Z', quantity }));
}
