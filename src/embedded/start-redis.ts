import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { claimPort, LOOPBACK } from './ports.ts';
import { startServer, waitUntilHealthy } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

/** A started Redis. */
export interface StartedRedis extends ServerProcess {
  /** `redis://127.0.0.1:PORT` */
  readonly url: string;
}

/** Where and how to start Redis. */
export interface RedisOptions {
  /** The server program, from `findRedis`. */
  readonly program: string;
  /** The stack's data folder; Redis keeps its files in `redis/` below it. */
  readonly dataFolder: string;
  readonly port?: number | undefined;
  /**
   * How many numbered databases there are, each of somebody else: then nobody may empty all of them at once (FLUSHALL). One is enough
   * outside tests.
   */
  readonly databases?: number | undefined;
}

/** Reading a large append-only file takes a while; a Redis that cannot start ends by itself, long before this. */
const READY_MS = 300_000;
const PING_MS = 1_000;
const DATABASES_DEFAULT = 16;

/**
 * The durable profile: every write is on disk before it is answered, nothing is ever evicted, and an expiring set of event ids is
 * freed in the background.
 */
const DURABLE_SETTINGS: readonly string[] = [
  ['daemonize', 'no'],
  ['protected-mode', 'yes'],
  ['appendonly', 'yes'],
  ['appendfsync', 'always'],
  ['no-appendfsync-on-rewrite', 'no'],
  ['save', ''],
  ['maxmemory-policy', 'noeviction'],
  ['lazyfree-lazy-expire', 'yes'],
  ['hash-max-listpack-entries', '512'],
].flatMap(([name, value]) => [`--${name}`, value ?? '']);

/** Resolves when Redis answers PING with PONG; it answers with an error while it still loads its data. */
function ping(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: LOOPBACK, port, timeout: PING_MS });
    const fail = (fault: string): void => {
      socket.destroy();
      reject(new Error(fault));
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('timeout', () => fail('no answer to PING'));
    socket.once('error', (error) => fail(error.message));
    socket.once('data', (answer) => {
      if (!answer.toString('utf8').startsWith('+PONG')) return fail(answer.toString('utf8').trim());
      socket.destroy();
      resolve();
    });
  });
}

/**
 * Starts Redis with the durable profile on the loopback address, and waits until it answers.
 * @throws EmbeddedError when the port is taken or the server does not come up
 */
export async function startRedis(options: RedisOptions): Promise<StartedRedis> {
  const port = await claimPort('Redis', options.port, 'TOLLKEEPER_REDIS_PORT');
  const folder = join(options.dataFolder, 'redis');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const databases = String(options.databases ?? DATABASES_DEFAULT);
  const place = ['--port', String(port), '--bind', LOOPBACK, '--dir', folder, '--databases', databases];
  const shared = options.databases === undefined ? [] : ['--rename-command', 'FLUSHALL', ''];
  const server = await startServer({
    name: 'Redis',
    command: options.program,
    arguments: [...place, ...DURABLE_SETTINGS, ...shared],
    logFile: join(options.dataFolder, 'logs', 'redis.log'),
    identityFile: join(options.dataFolder, 'run', 'redis.json'),
    stopSignal: 'SIGTERM',
  });
  await waitUntilHealthy(server, () => ping(port), READY_MS);
  return { ...server, url: `redis://${LOOPBACK}:${port}` };
}
