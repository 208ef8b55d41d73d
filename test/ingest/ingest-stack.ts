import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { Redis } from 'ioredis';
import type pg from 'pg';

import { applyCatalogue } from '../../src/catalog/apply-catalogue.ts';
import { createKey, type KeyScope } from '../../src/catalog/api-keys.ts';
import { CatalogueCache } from '../../src/catalog/catalogue-cache.ts';
import { KeyCache } from '../../src/catalog/key-cache.ts';
import { parseCatalogue } from '../../src/catalog/parse-catalogue.ts';
import { prepareInstallation } from '../../src/catalog/prepare-installation.ts';
import { requireInstant, type EpochMicros, type InstantText } from '../../src/domain/instant.ts';
import type { EventResult } from '../../src/domain/outcome.ts';
import { attributeHeaders } from '../../src/ingest/binary-event.ts';
import { takeEvents } from '../../src/ingest/take-events.ts';
import { createIngestService } from '../../src/ingest/create-ingest-service.ts';
import type { IngestService, LedgerQuestion } from '../../src/ingest/ingest-service.ts';
import { createLedgerForMeter } from '../../src/journal/ledger-for-meter.ts';
import type { DrainContext } from '../../src/journal/drain-context.ts';
import { inTransaction, openDatabase } from '../../src/ledger/database.ts';
import { knownIds } from '../../src/ledger/known-ids.ts';
import { ensurePeriods } from '../../src/ledger/periods.ts';
import { journalKey } from '../../src/meter/keys.ts';
import { waitForConnection } from '../../src/meter/meter-connection.ts';
import { openMeterRedis } from '../../src/meter/redis-connection.ts';
import { createMeterTrim, type JournalRetention, NO_RETENTION } from '../../src/meter/trim-journal.ts';
import { createUsageMeter, type UsageMeter } from '../../src/meter/usage-meter.ts';
import { checkPlan } from '../../src/rating/check-plan.ts';
import { ingestRequest } from '../support/ingest-request.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { createTestRedis } from '../support/test-redis.ts';

const ISSUER = { name: 'Toll Ltd', addressLines: [], taxIds: [] };

/** Ingest, meter, drain and ledger of one test, on the real stores, with a clock that the test holds. */
export interface IngestStack {
  readonly databaseUrl: string;
  readonly service: IngestService;
  readonly meter: UsageMeter;
  readonly pool: pg.Pool;
  readonly redis: Redis;
  readonly catalogue: CatalogueCache;
  readonly drainContext: (shard: number) => DrainContext;
  /** Tenants for which ingest said that they have new usage. */
  readonly poked: string[];
  /** What ingest was told of thresholds, in order: `<tenant> <start of the period>`. */
  readonly reached: string[];
  setClock(now: InstantText): void;
  createKey(
    name: string,
    scopes: readonly KeyScope[],
    options?: { tenant?: string; revoked?: boolean },
  ): Promise<string>;
  apply(yaml: string): Promise<void>;
  /** Takes one batch with a key and answers its results. */
  send(secret: string, events: readonly unknown[]): Promise<readonly EventResult[]>;
  close(): Promise<void>;
}

/** What a stack is made of: a second process on the same stores is made from the first one's addresses. */
export interface IngestStackOptions {
  readonly now: InstantText;
  readonly yaml: string;
  readonly redisUrl?: string;
  /** Left out: a database of its own. */
  readonly databaseUrl?: string;
  readonly shardCount?: number;
  /** What stays in the journal after it was committed; nothing, unless a test asks for it. */
  readonly journalRetention?: JournalRetention;
}

export async function createIngestStack(options: IngestStackOptions): Promise<IngestStack> {
  const ownDatabase = options.databaseUrl === undefined ? await createTestDatabase() : undefined;
  const databaseUrl = options.databaseUrl ?? ownDatabase?.databaseUrl ?? '';
  const testRedis = options.redisUrl === undefined ? await createTestRedis() : undefined;
  const redisUrl = options.redisUrl ?? testRedis?.redisUrl ?? '';
  const shardCount = options.shardCount ?? 2;
  let now: EpochMicros = requireInstant(options.now);
  const clock = (): EpochMicros => now;
  const pool = openDatabase({ databaseUrl, applicationName: 'test', poolSizeMax: 6 });
  await inTransaction(pool, (client) =>
    prepareInstallation(client, { mode: 'test', issuer: ISSUER, shardCount, atMicros: now }),
  );
  const connection = openMeterRedis(redisUrl, () => undefined);
  await waitForConnection(connection, 5_000);
  const redis = new Redis(redisUrl);
  redis.on('error', () => undefined);
  const retention = options.journalRetention ?? NO_RETENTION;
  const { meter, drainContext } = wireMeter({ pool, redis, connection, shardCount, clock, retention });
  const catalogue = new CatalogueCache({ db: pool, onPollError: () => undefined });
  const poked: string[] = [];
  const reached: string[] = [];
  const service = createIngestService({
    meter,
    catalogue,
    keys: new KeyCache(pool, clock),
    clock,
    knownIds: async (questions) => {
      const known = await knownIds(pool, questions);
      const digests = new Map(known.map((one) => [eventName(one), one.contentDigest]));
      return questions.map((question) => digests.get(eventName(question)));
    },
    extendPeriods: (tenant, throughMicros) =>
      inTransaction(pool, async (client) => {
        const entry = catalogue.current().tenants.get(tenant);
        if (entry !== undefined) await ensurePeriods(client, tenant, entry.calendar, throughMicros);
      }),
    onNewUsage: (tenant) => poked.push(tenant),
    onThreshold: (tenant, periodStart) => reached.push(`${tenant} ${periodStart}`),
  });
  const stack: IngestStack = {
    databaseUrl,
    service,
    meter,
    pool,
    redis,
    catalogue,
    drainContext,
    poked,
    reached,
    setClock: (instant) => {
      now = requireInstant(instant);
    },
    createKey: async (name, scopes, { tenant, revoked } = {}) => {
      const scope = {
        name,
        scopes,
        tenant: tenant ?? null,
        expiresAtMicros: null,
        mode: 'test',
        atMicros: now,
      } as const;
      const { key, secret } = await createKey(pool, scope);
      if (revoked === true) await pool.query('update api_key set revoked_at = now() where id = $1::text', [key.id]);
      return secret;
    },
    apply: async (yaml) => {
      await inTransaction(pool, (client) =>
        applyCatalogue(client, parseCatalogue(yaml, 'test.yaml'), { dryRun: false, atMicros: now, checkPlan }),
      );
      await catalogue.reload();
    },
    send: async (secret, events) => {
      const { status, body } = await answerDirectly(service, secret, events);
      if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
      return (body as { results: EventResult[] }).results;
    },
    close: async () => {
      connection.disconnect();
      redis.disconnect();
      await pool.end();
      await testRedis?.drop();
      await ownDatabase?.drop();
    },
  };
  await stack.apply(options.yaml);
  return stack;
}

interface Wiring {
  readonly pool: pg.Pool;
  readonly redis: Redis;
  readonly connection: Redis;
  readonly shardCount: number;
  readonly clock: () => EpochMicros;
  readonly retention: JournalRetention;
}

/** The meter asks the ledger, the ledger's drain asks the meter's trim: each is given to the other. */
function wireMeter(wiring: Wiring): { meter: UsageMeter; drainContext: (shard: number) => DrainContext } {
  const { pool, redis, connection, shardCount, clock, retention } = wiring;
  const drainContext = (shard: number): DrainContext => ({
    redis,
    pool,
    shard,
    journalKey: journalKey(shard),
    trim: createMeterTrim(meter, { retention }),
    clock,
  });
  const meter: UsageMeter = createUsageMeter({
    redis: connection,
    ledger: createLedgerForMeter({ pool, clock, drainContext }),
    shardCount,
    dedupWindowSeconds: 86_400,
    profile: 'durable',
    redisAttested: false,
  });
  return { meter, drainContext };
}

function eventName({ tenant, occurredAtMicros, idDigest }: LedgerQuestion): string {
  return `${tenant}/${occurredAtMicros}/${idDigest.toString('hex')}`;
}

async function answerDirectly(
  service: IngestService,
  secret: string,
  events: readonly unknown[],
): Promise<{ status: number; body: unknown }> {
  return takeEvents(service, ingestRequest(secret, events));
}

/** Serves `POST /v1/events` over real HTTP, as the API's route does. */
export async function serveIngest(service: IngestService): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const { headers } = request;
    void takeEvents(service, {
      authorization: headers.authorization,
      contentType: headers['content-type'],
      contentEncoding: headers['content-encoding'],
      contentLength: headers['content-length'],
      attributes: attributeHeaders(request),
      idempotencyKey: headers['idempotency-key'] as string | undefined,
      body: request,
    }).then(
      (answer) => {
        response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers });
        response.end(JSON.stringify(answer.body));
        request.resume();
      },
      (error: unknown) => {
        response.writeHead(500).end(String(error));
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/events`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
