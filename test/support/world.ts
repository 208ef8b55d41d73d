import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { inject } from 'vitest';
import { freePort } from '../../src/embedded/ports.ts';
import { createTemporalNamespace } from './temporal-namespace.ts';
import { createTestDatabase } from './test-database.ts';
import { type OwnTestRedis, createTestRedis } from './test-redis.ts';

/**
 * A whole Tollkeeper of one test's own: database, Redis server, Temporal namespace, and the real API and worker programs as
 * child processes, which the test may kill and start again.
 */
export interface World {
  readonly apiUrl: string;
  readonly adminKey: string;
  readonly databaseUrl: string;
  readonly redis: OwnTestRedis;
  readonly namespace: string;
  readonly worker: Program;
  readonly api: Program;
  close(): Promise<void>;
}

/** One of the project's programs, running. */
export interface Program {
  start(extraEnvironment?: Readonly<Record<string, string>>): Promise<void>;
  /** SIGKILL, as by a crash; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when the program ends by itself. */
  ended(): Promise<void>;
  stop(): Promise<void>;
  /** What it has printed since it was last started. */
  output(): string;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

type Environment = Readonly<Record<string, string | undefined>>;

class NodeProgram implements Program {
  readonly #file: string;
  readonly #environment: Environment;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(file: string, environment: Environment) {
    this.#file = file;
    this.#environment = environment;
  }

  output(): string {
    return this.#output;
  }

  async start(extraEnvironment: Environment = {}): Promise<void> {
    this.#output = '';
    const child = spawn(process.execPath, [this.#file], {
      env: { ...process.env, ...this.#environment, ...extraEnvironment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.#file} is not ready:\n${this.#output}`)),
        READY_TIMEOUT_MS,
      );
      const read = (chunk: Buffer): void => {
        this.#output += chunk.toString('utf8');
        if (/\bready\b/.test(this.#output)) {
          clearTimeout(timer);
          resolve();
        }
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        reject(new Error(`${this.#file} ended (${String(code ?? signal)}):\n${this.#output}`));
      });
    });
  }

  async ended(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await once(child, 'exit');
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.ended();
  }

  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
    this.#child?.kill('SIGTERM');
    await this.ended();
    clearTimeout(timer);
  }
}

/** Migrations are there already (the template); this makes the installation and its first admin key. */
function prepare(environment: Environment): string {
  const result = spawnSync(process.execPath, ['src/api/prepare.ts'], {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  });
  const line = result.stdout.split('\n').find((text) => text.includes('firstAdminKey'));
  if (result.status !== 0 || line === undefined) throw new Error(`prepare failed:\n${result.stdout}${result.stderr}`);
  const { firstAdminKey } = JSON.parse(line) as { firstAdminKey: string };
  return firstAdminKey;
}

/** Starts a world. `environment` is laid over the programs' own. */
export async function startWorld(environment: Environment = {}): Promise<World> {
  const [database, redis, namespace, port] = await Promise.all([
    createTestDatabase(),
    createTestRedis({ own: true }),
    createTemporalNamespace(),
    freePort(),
  ]);
  const shared: Environment = {
    TZ: 'UTC',
    DATABASE_URL: database.databaseUrl,
    REDIS_URL: redis.redisUrl,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: namespace,
    TOLLKEEPER_PORT: String(port),
    TOLLKEEPER_WORKER_PORT: '0',
    LOG_LEVEL: 'warn',
    ...environment,
  };
  const adminKey = prepare(shared);
  const worker = new NodeProgram('worker/main.ts', shared);
  const api = new NodeProgram('src/api/main.ts', shared);
  await Promise.all([worker.start(), api.start()]);
  return {
    apiUrl: `http://127.0.0.1:${port}`,
    adminKey,
    databaseUrl: database.databaseUrl,
    redis,
    namespace,
    worker,
    api,
    close: async () => {
      await Promise.all([api.stop(), worker.stop()]);
      await redis.drop();
      await database.drop();
    },
  };
}
