import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedis } from '../../src/embedded/find-redis.ts';
import { freePort } from '../../src/embedded/ports.ts';
import { readEmbeddedSettings } from '../../src/embedded/settings.ts';
import { faultCatalogue } from './fault-catalogue.ts';
import type { LoadTarget } from './load.ts';
import type { Environment } from '../node-program.ts';
import { prepareNewInstallation } from '../prepare-installation.ts';
import { type Part, type ProgramPart, type ServerPart, startProgramPart, startRedisPart } from './parts.ts';
import { type RedisCluster, startRedisCluster } from '../redis-cluster.ts';
import { type CuttingProxy, startCuttingProxy } from './tcp-proxy.ts';

/** The stores that are not Redis: a fault run's own, or those of a test run. */
export interface Stores {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** Undefined where PostgreSQL is shared with others and must not be broken. */
  readonly postgres: ServerPart | undefined;
  /** Where its cluster lies; undefined as `postgres` is. */
  readonly postgresFolder: string | undefined;
}

/** What a fault wants of its world beyond the usual. */
export interface WorldOptions {
  /** API and worker reach Redis through a proxy that can lose answers. */
  readonly cuttingProxy?: boolean;
  /** Redis is a cluster of three masters, each with a replica, in the place of one server. */
  readonly redisCluster?: boolean;
  /** More API processes than one, each with what is laid over its environment and where its code is. */
  readonly apis?: readonly { readonly environment?: Environment; readonly folder?: string }[];
  /** Laid over the worker's environment. */
  readonly workerEnvironment?: Environment;
  /** Called when the world is gone. */
  readonly cleanUp?: () => void;
  /** Called with Redis's folder before its first start: to lay a file system of one's own there. Answers how to take it away. */
  readonly prepareRedisFolder?: (folder: string) => () => void;
}

/** A whole Tollkeeper that a fault may break. */
export interface FaultWorld extends LoadTarget {
  readonly api: ProgramPart;
  /** All API processes, `api` first. */
  readonly apis: readonly ProgramPart[];
  readonly worker: ProgramPart;
  readonly redis: ServerPart;
  readonly redisFolder: string;
  /** In the place of `redis`, where the fault wants it. */
  readonly cluster: RedisCluster | undefined;
  /** Where Redis, or the cluster, is reached past any proxy. */
  readonly redisUrl: string;
  readonly postgres: Part;
  readonly postgresFolder: string | undefined;
  readonly proxy: CuttingProxy;
  readonly databaseUrl: string;
  readonly adminKey: string;
  readonly environment: Environment;
  /** The limit of the limited tenant of each round. */
  readonly limit: number;
  close(): Promise<void>;
}

/** What a world is made with. */
export interface WorldSettings {
  readonly stores: Stores;
  readonly rounds: number;
  readonly limit: number;
  readonly random: () => number;
  readonly options: WorldOptions;
  readonly nowMs: number;
}

async function call(apiUrl: string, key: string, path: string, contentType: string, body: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': contentType };
  const response = await fetch(`${apiUrl}${path}`, { method: 'POST', headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** Applies the catalogue and makes an application's key: one that may backfill asks the ledger for every id first. */
async function applyCatalogue(apiUrl: string, adminKey: string, catalogue: string): Promise<string> {
  await call(apiUrl, adminKey, '/v1/catalogue', 'application/yaml', catalogue);
  const body = JSON.stringify({ name: 'load', scopes: ['ingest'] });
  return ((await call(apiUrl, adminKey, '/v1/keys', 'application/json', body)) as { secret: string }).secret;
}

function unavailablePart(what: string): ServerPart {
  const refuse = (): never => {
    throw new Error(`${what} is not this run's own and cannot be broken`);
  };
  return { url: '', kill: refuse, pause: refuse, resume: refuse, start: refuse, ended: refuse, stop: refuse };
}

/** Undoes what was done, newest first, each step whatever became of the one before. */
class Undoing {
  readonly #steps: (() => Promise<void> | void)[] = [];

  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    const faults: unknown[] = [];
    for (const step of this.#steps.splice(0).toReversed()) {
      try {
        await step();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, 'a world could not be taken down');
  }
}

/** Starts Redis, the worker and the API on the given stores, and applies a catalogue with the tenants of all rounds. */
export async function startFaultWorld(settings: WorldSettings): Promise<FaultWorld> {
  const undoing = new Undoing();
  try {
    return await buildWorld(settings, undoing);
  } catch (error) {
    await undoing.run();
    throw error;
  }
}

/** One server, or a cluster; and a proxy in front of the server that loses no answers unless it is told to. */
async function startRedisServers(
  { dataFolder, options, random }: Pick<WorldSettings, 'options' | 'random'> & { readonly dataFolder: string },
  undoing: Undoing,
): Promise<Pick<FaultWorld, 'redis' | 'cluster' | 'redisUrl' | 'proxy'>> {
  let cluster: RedisCluster | undefined;
  let redis = unavailablePart('a server in front of the cluster');
  if (options.redisCluster === true) {
    const started = await startRedisCluster({ withReplicas: true });
    undoing.add(() => started.drop());
    cluster = started;
  } else {
    const program = await findRedis(readEmbeddedSettings(process.env));
    const started = await startRedisPart({ program, dataFolder });
    undoing.add(() => started.stop());
    redis = started;
  }
  const port = cluster?.masters[0]?.port ?? Number(new URL(redis.url).port);
  const proxy = await startCuttingProxy(port, random);
  undoing.add(() => proxy.close());
  return { redis, cluster, redisUrl: cluster?.redisUrl ?? redis.url, proxy };
}

async function buildWorld(
  { stores, rounds, limit, random, options, nowMs }: WorldSettings,
  undoing: Undoing,
): Promise<FaultWorld> {
  if (options.cleanUp !== undefined) undoing.add(options.cleanUp);
  const dataFolder = mkdtempSync(join(tmpdir(), 'tollkeeper-faults-'));
  undoing.add(() => rmSync(dataFolder, { recursive: true, force: true }));
  chmodSync(dataFolder, 0o711);
  const redisFolder = join(dataFolder, 'redis');
  mkdirSync(redisFolder, { mode: 0o700 });
  if (options.prepareRedisFolder !== undefined) undoing.add(options.prepareRedisFolder(redisFolder));
  const { redis, cluster, redisUrl, proxy } = await startRedisServers({ dataFolder, options, random }, undoing);
  const environment: Environment = {
    TZ: 'UTC',
    DATABASE_URL: stores.databaseUrl,
    REDIS_URL: options.cuttingProxy === true ? `redis://127.0.0.1:${proxy.port}` : redisUrl,
    TEMPORAL_ADDRESS: stores.temporalAddress,
    TEMPORAL_NAMESPACE: stores.temporalNamespace,
    TOLLKEEPER_WORKER_PORT: '0',
    LOG_LEVEL: 'warn',
  };
  const adminKey = prepareNewInstallation(environment);
  const workerEnvironment = { ...environment, ...options.workerEnvironment };
  const worker = await startProgramPart({ file: 'worker/main.ts', environment: workerEnvironment });
  undoing.add(() => worker.stop());
  const apis: ProgramPart[] = [];
  const apiUrls: string[] = [];
  let key = '';
  for (const api of options.apis ?? [{}]) {
    const port = await freePort();
    const own = { ...environment, ...api.environment, TOLLKEEPER_PORT: String(port) };
    const place = api.folder === undefined ? {} : { folder: api.folder };
    const started = await startProgramPart({ file: 'src/api/main.ts', environment: own, ...place });
    undoing.add(() => started.stop());
    apis.push(started);
    apiUrls.push(`http://127.0.0.1:${port}`);
    // Before the others start: one that had read the catalogue a moment earlier would know no tenant for some seconds.
    key ||= await applyCatalogue(apiUrls[0] ?? '', adminKey, faultCatalogue(rounds, limit, nowMs));
  }
  const [api] = apis;
  if (api === undefined) throw new RangeError('a world needs an API');
  return {
    apiUrls,
    key,
    api,
    apis,
    worker,
    redis,
    redisFolder,
    cluster,
    redisUrl,
    postgres: stores.postgres ?? unavailablePart('PostgreSQL'),
    postgresFolder: stores.postgresFolder,
    proxy,
    databaseUrl: stores.databaseUrl,
    adminKey,
    environment,
    limit,
    close: () => undoing.run(),
  };
}
