import { execFile } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';

import { findRedis } from '../src/embedded/find-redis.ts';
import { freePort } from '../src/embedded/ports.ts';
import { startServer, waitUntilHealthy } from '../src/embedded/server-process.ts';
import { readEmbeddedSettings } from '../src/embedded/settings.ts';

/** How fast this machine is this minute: published beside every figure, since shared machines drift by a quarter and more. */
export interface Probe {
  /** HINCRBY in pipelines of 16 on a Redis of its own that writes nothing to disk. About 1.0 million on a good hour. */
  readonly commandsPerSecond: number;
  /** `redis-benchmark`, or our own client where it is not installed; figures of the two do not compare. */
  readonly program: string;
  /** Median of writing 4 KiB and waiting for the disk. */
  readonly syncMicros: number;
}

const COMMANDS = 1_000_000;
const OWN_COMMANDS = 200_000;
const PIPELINE = 16;
const CONNECTIONS = 50;
const READY_MS = 10_000;
const SYNCS = 200;
const BLOCK_BYTES = 4_096;
const KEY = ['bench:probe', 'field', '1'] as const;

/** Runs the probe. Takes about two seconds. */
export async function probeMachine(): Promise<Probe> {
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-probe-'));
  const port = await freePort();
  const server = await startServer({
    name: 'probe Redis',
    command: await findRedis(readEmbeddedSettings(process.env), () => undefined),
    arguments: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    logFile: join(folder, 'redis.log'),
    identityFile: join(folder, 'redis.json'),
    stopSignal: 'SIGTERM',
  });
  const redis = new Redis(port, '127.0.0.1');
  redis.on('error', () => undefined);
  try {
    await waitUntilHealthy(server, async () => void (await redis.ping()), READY_MS);
    return { ...((await redisBenchmark(port)) ?? (await ownBenchmark(redis))), syncMicros: probeDisk(folder) };
  } finally {
    redis.disconnect();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function redisBenchmark(port: number): Promise<Omit<Probe, 'syncMicros'> | undefined> {
  const load = ['-c', CONNECTIONS, '-P', PIPELINE, '-n', COMMANDS].map(String);
  try {
    const { stdout } = await promisify(execFile)('redis-benchmark', [
      '-p',
      String(port),
      ...load,
      '-q',
      'hincrby',
      ...KEY,
    ]);
    const rate = /([\d.]+) requests per second/.exec(stdout)?.[1];
    return { commandsPerSecond: Math.round(Number(rate)), program: `redis-benchmark ${load.join(' ')} hincrby` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function ownBenchmark(redis: Redis): Promise<Omit<Probe, 'syncMicros'>> {
  const startedAt = performance.now();
  for (let sent = 0; sent < OWN_COMMANDS; sent += PIPELINE) {
    const pipeline = redis.pipeline();
    for (let index = 0; index < PIPELINE; index += 1) pipeline.hincrby(...KEY);
    await pipeline.exec();
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  return { commandsPerSecond: Math.round(OWN_COMMANDS / seconds), program: 'own client, one connection' };
}

function probeDisk(folder: string): number {
  const file = openSync(join(folder, 'sync'), 'w');
  const block = Buffer.alloc(BLOCK_BYTES, 1);
  const times = Array.from({ length: SYNCS }, () => {
    const startedAt = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    return performance.now() - startedAt;
  });
  closeSync(file);
  return Math.round((times.toSorted((one, other) => one - other)[SYNCS / 2] ?? 0) * 1_000);
}
