import type { Fault } from '../fault.ts';

/** Redis is killed under load and comes back on the same data. */
export const redisKilled: Fault = {
  name: 'redis-kill',
  title: 'SIGKILL of Redis',
  rounds: 20,
  run: async (world, round) => {
    await round.untilUnderWay();
    await world.redis.kill();
    await world.redis.start();
    round.healed();
  },
};

/** The API is killed under load; its clients send again what was not answered. */
export const apiKilled: Fault = {
  name: 'api-kill',
  title: 'SIGKILL of the API, clients send again',
  rounds: 20,
  run: async (world, round) => {
    await round.untilUnderWay();
    await world.api.kill();
    await world.api.start();
    round.healed();
  },
};

/** The worker is killed while it drains. */
export const workerKilled: Fault = {
  name: 'worker-kill',
  title: 'SIGKILL of the worker',
  rounds: 20,
  recoveredBy: 'ledger',
  run: async (world, round) => {
    await round.untilUnderWay();
    await world.worker.kill();
    await world.worker.start();
    round.healed();
  },
};

/** PostgreSQL is killed with all its processes and recovers from its write-ahead log. */
export const postgresKilled: Fault = {
  name: 'postgres-kill',
  title: 'SIGKILL of PostgreSQL, all its processes',
  rounds: 10,
  recoveredBy: 'ledger',
  run: async (world, round) => {
    await round.untilUnderWay();
    await world.postgres.kill();
    await world.postgres.start();
    round.healed();
  },
};
