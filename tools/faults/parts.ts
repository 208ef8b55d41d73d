import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServerProcess } from '../../src/embedded/server-process.ts';
import { startPostgres, type PostgresOptions } from '../../src/embedded/start-postgres.ts';
import { startRedis, type RedisOptions } from '../../src/embedded/start-redis.ts';
import { signalFamily } from './process-family.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One process of the stack that a fault may break and heal. */
export interface Part {
  /** SIGKILL, as by a crash or the kernel. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: it is there and does nothing. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Starts it again, on the data and port it had. Resolves when it serves. */
  start(): Promise<void>;
  /** Resolves when it ends by itself. */
  ended(): Promise<void>;
  /** Ends it politely. */
  stop(): Promise<void>;
}

/** A part that is a server with an address. */
export interface ServerPart extends Part {
  readonly url: string;
}

/** A program of ours. */
export interface ProgramPart extends Part {
  readonly file: string;
  readonly pid: number;
  readonly isRunning: boolean;
  /** What it has printed since it was last started. */
  output(): string;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const OUTPUT_CHARACTERS_MAX = 65_536;

async function startServerPart<Started extends ServerProcess & { readonly url: string }>(
  start: (port: number | undefined) => Promise<Started>,
): Promise<ServerPart> {
  let server = await start(undefined);
  const { url } = server;
  return {
    url,
    kill: async () => {
      signalFamily(server.pid, 'SIGKILL');
      await server.exited;
    },
    pause: () => signalFamily(server.pid, 'SIGSTOP'),
    resume: () => signalFamily(server.pid, 'SIGCONT'),
    start: async () => {
      server = await start(Number(new URL(url).port));
    },
    ended: async () => void (await server.exited),
    stop: () => server.stop(),
  };
}

/** Starts a Redis with the durable profile. */
export function startRedisPart(options: RedisOptions): Promise<ServerPart> {
  return startServerPart((port) => startRedis({ ...options, port }));
}

/** Starts a PostgreSQL that waits for its disk. */
export function startPostgresPart(options: PostgresOptions): Promise<ServerPart> {
  return startServerPart((port) => startPostgres({ ...options, port }));
}

/** Where a program of ours is and what it is told. */
export interface ProgramOptions {
  /** Relative to `folder`, such as `src/api/main.ts`. */
  readonly file: string;
  readonly environment: Environment;
  /** The folder of the release to run; by default this one. */
  readonly folder?: string;
}

/** Starts one of the project's programs and waits until it says that it is ready. */
export async function startProgramPart(options: ProgramOptions): Promise<ProgramPart> {
  const program = new NodeProgram(options);
  await program.start();
  return program;
}

class NodeProgram implements ProgramPart {
  readonly #options: ProgramOptions;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  get file(): string {
    return this.#options.file;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  output(): string {
    return this.#output;
  }

  async start(): Promise<void> {
    const { file, environment, folder } = this.#options;
    this.#output = '';
    const child = spawn(process.execPath, [file], {
      cwd: folder ?? process.cwd(),
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      const fail = (what: string): void => reject(new Error(`${file} ${what}:\n${this.#output}`));
      const timer = setTimeout(() => fail('is not ready'), READY_TIMEOUT_MS);
      const read = (chunk: Buffer): void => {
        this.#output = (this.#output + chunk.toString('utf8')).slice(-OUTPUT_CHARACTERS_MAX);
        if (!/\bready\b/.test(this.#output)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        fail(`ended (${String(code ?? signal)})`);
      });
    });
  }

  async ended(): Promise<void> {
    if (this.#child !== undefined && this.isRunning) await once(this.#child, 'exit');
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.ended();
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
    this.#child?.kill('SIGTERM');
    // One that was left paused takes the signal when it goes on.
    this.#child?.kill('SIGCONT');
    await this.ended();
    clearTimeout(timer);
  }
}
