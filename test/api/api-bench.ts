import { pino } from 'pino';

import { createListener } from '../../src/api/create-listener.ts';
import { ApiError } from '../../src/api/api-error.ts';
import type { BillingControl } from '../../src/api/billing-control.ts';
import { openMeter } from '../../src/api/open-meter.ts';
import { openApi } from '../../src/api/open-api.ts';
import { serve } from '../../src/api/serve.ts';
import { createKey } from '../../src/catalog/api-keys.ts';
import type { KeyScope } from '../../src/catalog/api-keys.ts';
import { prepareInstallation } from '../../src/catalog/prepare-installation.ts';
import { readConfig } from '../../src/config.ts';
import type { JsonObject } from '../../src/domain/event.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import type { EpochMicros } from '../../src/domain/instant.ts';
import { inTransaction, openDatabase } from '../../src/ledger/database.ts';
import { waitForConnection } from '../../src/meter/meter-connection.ts';
import { openMeterRedis } from '../../src/meter/redis-connection.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { createTestRedis } from '../support/test-redis.ts';

export const NOW = '2026-11-20T10:30:15Z';

export const CATALOGUE = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - key: basic
    currency: USD
    baseFee: 20.00
    charges:
      - { key: calls, meter: calls, description: Calls, price: { model: per_unit, unitPrice: 0.10 } }
    limits:
      - { meter: calls, mode: hard, limit: 100 }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic, taxRates: [{ name: VAT, percent: 10 }] }
  - { id: globex, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are looked at member by member in tests
  readonly body: any;
}

export interface CallOptions {
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Commands that the fake billing was given. */
export interface SentCommand {
  readonly target: string;
  readonly name: string;
  readonly requestId: string;
}

export interface ApiBench {
  readonly url: string;
  readonly adminKey: string;
  readonly databaseUrl: string;
  readonly commands: SentCommand[];
  readonly started: string[];
  readonly pool: ReturnType<typeof openDatabase>;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Applies a catalogue file; throws where it is refused. */
  apply(yaml: string): Promise<void>;
  makeKey(scopes: KeyScope[], tenant?: string): Promise<string>;
  /** What the audit has of somebody or something, in order. */
  auditActions(subject: string): Promise<readonly string[]>;
  setClock(instant: string): void;
  /** Brings what was accepted so far into the ledger. */
  drain(): Promise<void>;
  readonly redisUrl: string;
  close(): Promise<void>;
}

/** Billing without Temporal: remembers what it was told. A cycle command answers 409 when its reason says so. */
function fakeBilling(commands: SentCommand[], started: string[]): BillingControl {
  const take = (target: string, name: string, { requestId, reason }: { requestId: string; reason: string }) => {
    if (reason === 'refuse this') throw new ApiError({ status: 409, code: 'refused', message: 'nothing is held' });
    commands.push({ target, name, requestId });
    return Promise.resolve<JsonObject>({ done: name });
  };
  return {
    start: (tenant) => Promise.resolve(void started.push(tenant)),
    poke: () => Promise.resolve(),
    calendarChanged: () => Promise.resolve(),
    commandTenant: async (tenant, name, command) => take(tenant, name, command),
    commandCycle: async ({ tenant, periodStart, revision }, name, command) =>
      take(`${tenant}/${periodStart}/${revision}`, name, command),
  };
}

/** A whole API on the real PostgreSQL and Redis, with its own clock and without Temporal. */
export async function openApiBench(): Promise<ApiBench> {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  let now: EpochMicros = requireInstant(NOW);
  const pool = openDatabase({ databaseUrl: database.databaseUrl, applicationName: 'bench', poolSizeMax: 3 });
  const settings = { mode: 'test', issuer: { name: 'Nobody', addressLines: [], taxIds: [] }, shardCount: 2 } as const;
  const { firstAdminKey } = await inTransaction(pool, (client) =>
    prepareInstallation(client, { ...settings, atMicros: now }),
  );
  const config = readConfig({
    DATABASE_URL: database.databaseUrl,
    REDIS_URL: redis.redisUrl,
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    TEMPORAL_UI_URL: 'http://ui.example',
    TOLLKEEPER_DATABASE_POOL: '4',
    TOLLKEEPER_PROFILE: 'fast',
  });
  const api = await openApi(config, pino({ level: 'silent' }), () => now);
  const commands: SentCommand[] = [];
  const started: string[] = [];
  const server = await serve(createListener({ ...api.deps, billing: fakeBilling(commands, started) }), '127.0.0.1', 0);
  const adminKey = firstAdminKey ?? '';
  const drainRedis = openMeterRedis(redis.redisUrl, () => undefined);
  const drainMeter = openMeter(config, drainRedis, pool, () => now);
  const call: ApiBench['call'] = async (method, path, { key = adminKey, body, headers = {} } = {}) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  };
  return {
    url: server.url,
    adminKey,
    databaseUrl: database.databaseUrl,
    commands,
    started,
    pool,
    call,
    apply: async (yaml) => {
      const headers = { 'content-type': 'application/yaml' };
      const { status, text } = await call('POST', '/v1/catalogue', { body: yaml, headers });
      if (status !== 200) throw new Error(text);
    },
    makeKey: async (scopes, tenant) => {
      const key = { name: 'bench', scopes, tenant: tenant ?? null, expiresAtMicros: null, mode: 'test' as const };
      return (await createKey(pool, { ...key, atMicros: now })).secret;
    },
    auditActions: async (subject) => {
      const query = 'select action from audit_entry where subject = $1::text order by id';
      return (await pool.query<{ action: string }>(query, [subject])).rows.map(({ action }) => action);
    },
    setClock: (instant) => {
      now = requireInstant(instant);
    },
    drain: async () => {
      await waitForConnection(drainRedis, 5_000);
      for (let shard = 0; shard < config.shardCount; shard += 1) await drainMeter.ledger.drainShard(shard);
    },
    redisUrl: redis.redisUrl,
    close: async () => {
      drainRedis.disconnect();
      await server.stop();
      await api.close();
      await pool.end();
      await redis.drop();
      await database.drop();
    },
  };
}
