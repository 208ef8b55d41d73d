import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sayOnStderr } from './embedded-error.ts';
import { guardOrphans } from './orphan-guard.ts';
import { findRedis } from './find-redis.ts';
import { findTemporal } from './find-temporal.ts';
import type { EmbeddedSettings } from './settings.ts';
import { startPostgres } from './start-postgres.ts';
import { startRedis } from './start-redis.ts';
import { startTemporal } from './start-temporal.ts';

/** Addresses of a running stack for tests. */
export interface TestStackAddresses {
  /** A superuser's URL; tests clone databases beside the one it names. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** How many numbered databases this Redis has. */
  readonly redisDatabases: number;
  readonly temporalAddress: string;
}

/** A stack that lives as long as one test run. */
export interface TestStack extends TestStackAddresses {
  /** Stops everything and removes its data. */
  stop(): Promise<void>;
}

/** Each test that wants a private Redis database takes one number, so there are more than tests run at once. */
const REDIS_DATABASES = 512;

/**
 * Starts PostgreSQL, Redis and Temporal on free ports with data in the operating system's folder for temporary files.
 * PostgreSQL does not wait for the disk, Temporal keeps everything in memory and has no UI; Redis runs the durable profile.
 * @throws EmbeddedError as the parts do; what had started is stopped
 */
export async function startTestStack(settings: EmbeddedSettings): Promise<TestStack> {
  const [redisProgram, temporalProgram] = [
    await findRedis(settings, sayOnStderr),
    await findTemporal(settings, sayOnStderr),
  ];
  const dataFolder = mkdtempSync(join(tmpdir(), 'tollkeeper-test-'));
  // PostgreSQL runs as another account when we are root; it must be able to pass through to its own folder.
  chmodSync(dataFolder, 0o711);
  const started = await Promise.allSettled([
    startPostgres({ dataFolder, throwAway: true }),
    startRedis({ program: redisProgram, dataFolder, databases: REDIS_DATABASES }),
    startTemporal({ program: temporalProgram, dataFolder, headless: true, inMemory: true }),
  ]);
  const [postgres, redis, temporal] = started;
  if (postgres.status === 'fulfilled' && redis.status === 'fulfilled' && temporal.status === 'fulfilled') {
    const pids = [postgres.value.pid, redis.value.pid, temporal.value.pid];
    const guard = guardOrphans({ pids, folder: dataFolder });
    return {
      databaseUrl: postgres.value.url,
      redisUrl: redis.value.url,
      redisDatabases: REDIS_DATABASES,
      temporalAddress: temporal.value.address,
      stop: () => guard.dismiss(),
    };
  }
  await Promise.all(started.flatMap((part) => (part.status === 'fulfilled' ? [part.value.stop()] : [])));
  rmSync(dataFolder, { recursive: true, force: true });
  throw started.find((part) => part.status === 'rejected')?.reason;
}
