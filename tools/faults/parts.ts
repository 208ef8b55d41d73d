import type { ServerProcess } from '../../src/embedded/server-process.ts';
import { startPostgres, type PostgresOptions } from '../../src/embedded/start-postgres.ts';
import { startRedis, type RedisOptions } from '../../src/embedded/start-redis.ts';
import { NodeProgram, type ProgramOptions } from '../node-program.ts';
import { signalFamily } from './process-family.ts';

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

/** Starts one of the project's programs and waits until it says that it is ready. */
export async function startProgramPart(options: ProgramOptions): Promise<ProgramPart> {
  const program = new NodeProgram(options);
  await program.start();
  return program;
}
