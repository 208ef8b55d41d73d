import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Fault } from '../fault.ts';

const FLUSH_EVERY_MS = 1_000;

/** Redis forgets the scripts again and again. */
export const scriptFlushed: Fault = {
  name: 'script-flush',
  title: 'SCRIPT FLUSH every second',
  rounds: 3,
  load: { events: 30_000, batchSize: 10, senders: 16 },
  run: async (world, round) => {
    const redis = new Redis(world.redis.url);
    try {
      while (!round.load.isDone) {
        await redis.script('FLUSH');
        await Promise.race([delay(FLUSH_EVERY_MS), round.load.reached(1)]);
      }
    } finally {
      redis.disconnect();
    }
  },
};
