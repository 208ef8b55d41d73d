import { inject } from 'vitest';
import { freePort } from '../../src/embedded/ports.ts';
import { type Environment, NodeProgram } from '../../tools/node-program.ts';
import { prepareNewInstallation } from '../../tools/prepare-installation.ts';
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
  readonly worker: NodeProgram;
  readonly api: NodeProgram;
  close(): Promise<void>;
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
  const adminKey = prepareNewInstallation(shared);
  const worker = new NodeProgram({ file: 'worker/main.ts', environment: shared });
  const api = new NodeProgram({ file: 'src/api/main.ts', environment: shared });
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
