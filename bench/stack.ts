import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Redis } from 'ioredis';
import { Client } from 'pg';

import { readEmbeddedSettings } from '../src/embedded/settings.ts';
import { startStack } from '../src/embedded/start-stack.ts';
import { prepareInstallation } from '../tools/prepare-installation.ts';
import { catalogueText } from './catalogue.ts';
import { touchTenants } from './touch-tenants.ts';

/** A program that this process started, and where it said it listens. */
export interface StartedProgram {
  readonly pid: number;
  /** What it printed when it was ready. */
  readonly readyLine: string;
  stop(): Promise<void>;
}

/** The real product with the durable profile: API process, servers, and a worker that can be started and stopped. */
export interface BenchStack {
  readonly apiUrl: string;
  readonly adminKey: string;
  /** With the scope `ingest`, as an application has it. */
  readonly ingestKey: string;
  readonly databaseUrl: string;
  readonly redis: Redis;
  readonly redisUrl: string;
  /** As a superuser. */
  readonly database: Client;
  /** Process ids by name, of what runs now. */
  processes(): Readonly<Record<string, number>>;
  startWorker(): Promise<void>;
  stopWorker(): Promise<void>;
  stop(): Promise<void>;
}

/** How to start it. */
export interface BenchStackOptions {
  readonly tenants: number;
  readonly shards?: number;
  /** Kept after the end and used again; by default a new folder that is removed. */
  readonly dataFolder?: string;
}

const READY_TIMEOUT_MS = 120_000;
const OUTPUT_CHARACTERS_MAX = 4_096;

type Environment = Readonly<Record<string, string | undefined>>;

/** Starts a program of this repository on the present Node and waits for its line with the word "ready". */
export function startProgram(
  file: string,
  parameters: readonly string[],
  environment: Environment,
): Promise<StartedProgram> {
  const child = spawn(process.execPath, [file, ...parameters], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${file} was not ready in time`));
    }, READY_TIMEOUT_MS);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARACTERS_MAX);
      const readyLine = /^.*\bready\b.*$/m.exec(output)?.[0];
      if (readyLine === undefined) return;
      clearTimeout(timer);
      resolve({ pid: child.pid ?? 0, readyLine, stop: () => stopChild(child) });
    });
    child.once('exit', () => {
      clearTimeout(timer);
      reject(new Error(`${file} ended before it was ready:\n${output}`));
    });
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

function pidOf(dataFolder: string, part: string): number {
  return (JSON.parse(readFileSync(join(dataFolder, 'run', `${part}.json`), 'utf8')) as { pid: number }).pid;
}

/** The first admin key is shown once; a data folder that is kept keeps it too. */
function prepare(environment: Environment, dataFolder: string): string {
  const firstAdminKey = prepareInstallation(environment);
  const file = join(dataFolder, 'bench-admin-key');
  if (firstAdminKey !== null) writeFileSync(file, firstAdminKey, { mode: 0o600 });
  if (!existsSync(file)) throw new Error(`${dataFolder} has no admin key: remove the folder, the bench makes it anew`);
  return readFileSync(file, 'utf8');
}

async function post(apiUrl: string, key: string, path: string, type: string, body: string): Promise<unknown> {
  const headers = { 'content-type': type, authorization: `Bearer ${key}` };
  const answer = await fetch(`${apiUrl}${path}`, { method: 'POST', headers, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST ${path} answered ${answer.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as unknown;
}

function openRedis(url: string): Redis {
  const redis = new Redis(url);
  redis.on('error', () => undefined);
  return redis;
}

/**
 * Starts everything, applies the catalogue and makes an application's key (one that may backfill asks the ledger for every id
 * first, which is not what is measured). Progress goes to standard error.
 */
export async function startBenchStack(options: BenchStackOptions): Promise<BenchStack> {
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'tollkeeper-bench-'));
  mkdirSync(dataFolder, { recursive: true });
  // PostgreSQL runs as another account when we are root; it must be able to pass through to its own folder.
  chmodSync(dataFolder, 0o711);
  const closings: (() => Promise<void> | void)[] = [];
  let stopping: Promise<void> | undefined;
  // Asked for by a signal and by whoever measured: both wait until everything has ended.
  const stop = (): Promise<void> => (stopping ??= closeInReverse(closings));
  const forgetSignals = stopOnSignals(stop);
  closings.push(forgetSignals);
  if (options.dataFolder === undefined) closings.push(() => rmSync(dataFolder, { recursive: true, force: true }));
  try {
    return { ...(await startParts(options, dataFolder, closings)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function closeInReverse(closings: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const close of closings.toReversed()) await close();
}

async function startParts(
  options: BenchStackOptions,
  dataFolder: string,
  closings: (() => Promise<void> | void)[],
): Promise<Omit<BenchStack, 'stop'>> {
  const stack = await startStack({ settings: { ...readEmbeddedSettings(process.env), dataFolder } });
  closings.push(() => stack.stop());
  const environment: Environment = {
    ...process.env,
    TZ: 'UTC',
    DATABASE_URL: stack.databaseUrl,
    REDIS_URL: stack.redisUrl,
    TEMPORAL_ADDRESS: stack.temporalAddress,
    TOLLKEEPER_PORT: '0',
    TOLLKEEPER_WORKER_PORT: '0',
    TOLLKEEPER_SHARDS: String(options.shards ?? 2),
    LOG_LEVEL: 'warn',
  };
  const adminKey = prepare(environment, dataFolder);
  const api = await startProgram('src/api/main.ts', [], environment);
  closings.push(() => api.stop());
  const apiUrl = /http:\S+/.exec(api.readyLine)?.[0] ?? '';
  const ingestKey = await applyCatalogue(apiUrl, adminKey, options.tenants);
  await touchTenants(apiUrl, ingestKey, options.tenants, String(Date.now()));
  const database = new Client({ connectionString: stack.databaseUrl });
  await database.connect();
  const redis = openRedis(stack.redisUrl);
  closings.push(
    () => database.end(),
    () => redis.disconnect(),
  );
  const servers = { PostgreSQL: pidOf(dataFolder, 'postgres'), Redis: pidOf(dataFolder, 'redis') };
  let worker: StartedProgram | undefined;
  let starting: Promise<StartedProgram> | undefined;
  const stopWorker = async (): Promise<void> => {
    // Whoever is told to stop while the worker starts waits for it, or it would be left behind.
    const started = await starting?.catch(() => undefined);
    worker = starting = undefined;
    await started?.stop();
  };
  closings.push(stopWorker);
  return {
    apiUrl,
    adminKey,
    ingestKey,
    databaseUrl: stack.databaseUrl,
    redis,
    redisUrl: stack.redisUrl,
    database,
    processes: () => ({
      API: api.pid,
      ...(worker === undefined ? {} : { worker: worker.pid }),
      ...servers,
      Temporal: pidOf(dataFolder, 'temporal'),
    }),
    startWorker: async () => {
      starting ??= startProgram('worker/main.ts', [], environment);
      worker = await starting;
    },
    stopWorker,
  };
}

/** @returns the secret of an application's key */
async function applyCatalogue(apiUrl: string, adminKey: string, tenants: number): Promise<string> {
  await post(apiUrl, adminKey, '/v1/catalogue', 'application/yaml', catalogueText(tenants));
  const keyBody = JSON.stringify({ name: 'bench', scopes: ['ingest'] });
  const { secret } = (await post(apiUrl, adminKey, '/v1/keys', 'application/json', keyBody)) as { secret: string };
  return secret;
}

function exitBroken(): void {
  process.exit(1);
}

/** A measurement that is broken off leaves no server behind. */
function stopOnSignals(stop: () => Promise<void>): () => void {
  const end = (): void => {
    stop().then(exitBroken, exitBroken);
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  return () => {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  };
}
