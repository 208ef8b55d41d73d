import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import type { FaultWorld } from '../fault-world.ts';
import type { LoadSize } from '../load-plan.ts';
import type { Part } from '../parts.ts';

/** Longer than every time-out of the hot path and every heartbeat. */
const PAUSE_MS = 30_000;
/** It goes on for some seconds after the pause, also where it goes on during it. */
const LOAD: LoadSize = { events: 9_000, batchSize: 10, senders: 16, lastsMs: 45_000 };

/** It begins within the first tenth of the load. */
const LOAD_SHARE_BEFORE = 10;

type Pause = Pick<Fault, 'name' | 'title'> & Partial<Pick<Fault, 'recoveredBy' | 'mayHang'>>;

function pauseOf(fault: Pause, partOf: (world: FaultWorld) => Part): Fault {
  return {
    ...fault,
    rounds: 1,
    load: LOAD,
    run: async (world, round) => {
      await round.load.reached(round.random() / LOAD_SHARE_BEFORE);
      partOf(world).pause();
      try {
        await delay(PAUSE_MS);
      } finally {
        partOf(world).resume();
        round.healed();
      }
    },
  };
}

/** Redis stands still: connected, and silent. */
export const redisPaused = pauseOf({ name: 'redis-pause', title: 'SIGSTOP of Redis, 30 s' }, (world) => world.redis);

/** The API stands still. Nothing can answer then, so its clients give up by themselves. */
export const apiPaused = pauseOf(
  {
    name: 'api-pause',
    title: 'SIGSTOP of the API, 30 s',
    mayHang: 'the only process that could answer stands still',
  },
  (world) => world.api,
);

/** The worker stands still: its shards move to nobody, and come back. */
export const workerPaused = pauseOf(
  { name: 'worker-pause', title: 'SIGSTOP of the worker, 30 s', recoveredBy: 'ledger' },
  (world) => world.worker,
);

/** PostgreSQL stands still, with connections that stay open and say nothing. */
export const postgresPaused = pauseOf(
  { name: 'postgres-pause', title: 'SIGSTOP of PostgreSQL, 30 s', recoveredBy: 'ledger' },
  (world) => world.postgres,
);
