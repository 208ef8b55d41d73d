import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Redis } from 'ioredis';
import { inject } from 'vitest';

import { findRedis } from '../../src/embedded/find-redis.ts';
import { readEmbeddedSettings } from '../../src/embedded/settings.ts';
import { startRedis } from '../../src/embedded/start-redis.ts';

/** An empty Redis database of one test's own. */
export interface TestRedis {
  readonly redisUrl: string;
  /** Empties it and gives it back; an own server is stopped and its data removed. */
  drop(): Promise<void>;
}

/** A Redis server of one test's own, which it may kill and start again on the same data. */
export interface OwnTestRedis extends TestRedis {
  /** SIGKILL, as by a crash or the kernel. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same data and port. */
  restart(): Promise<void>;
}

/** Database 0 holds the register of the numbers that are taken. */
const registerKey = (database: number): string => `taken:${database}`;

async function claimDatabase(register: Redis, databases: number): Promise<number> {
  for (let database = 1; database < databases; database += 1) {
    if ((await register.set(registerKey(database), randomUUID(), 'NX')) === 'OK') return database;
  }
  throw new Error(`all ${databases - 1} Redis databases of this test run are taken: do tests call drop()?`);
}

async function onDatabase<T>(database: number, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(inject('redisUrl'), { db: database });
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

async function createSharedRedis(): Promise<TestRedis> {
  const database = await onDatabase(0, (register) => claimDatabase(register, inject('redisDatabases')));
  await onDatabase(database, (redis) => redis.flushdb());
  return {
    redisUrl: `${inject('redisUrl')}/${database}`,
    drop: async () => {
      await onDatabase(database, (redis) => redis.flushdb());
      await onDatabase(0, (register) => register.del(registerKey(database)));
    },
  };
}

async function createOwnRedis(): Promise<OwnTestRedis> {
  const program = await findRedis(readEmbeddedSettings(process.env));
  const dataFolder = mkdtempSync(join(tmpdir(), 'tollkeeper-test-redis-'));
  chmodSync(dataFolder, 0o711);
  let server = await startRedis({ program, dataFolder });
  const redisUrl = server.url;
  return {
    redisUrl,
    kill: async () => {
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
    },
    restart: async () => {
      await server.stop();
      server = await startRedis({ program, dataFolder, port: Number(new URL(redisUrl).port) });
    },
    drop: async () => {
      await server.stop();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

/**
 * A Redis database that no other test sees: a numbered one of the run's server, or, with `own`, a small server with the durable
 * profile for tests that flush everything, change settings or kill it.
 */
export function createTestRedis(options: { own: true }): Promise<OwnTestRedis>;
export function createTestRedis(options?: { own?: false }): Promise<TestRedis>;
export function createTestRedis(options: { own?: boolean } = {}): Promise<TestRedis> {
  return options.own === true ? createOwnRedis() : createSharedRedis();
}
