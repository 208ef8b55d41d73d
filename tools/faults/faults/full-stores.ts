import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Fault } from '../fault.ts';
import { mountingImpossible } from './power-cut.ts';

const DISK_MEBIBYTES = 64;
/** What is left of the disk for the append-only file when it is about to be full. */
const LEFT_BYTES = 100_000;
/** It is reached within this share of the load. */
const FULL_SHARE = 0.3;
/** So many requests are turned away before there is room again. */
const REQUESTS_TURNED_AWAY = 50;

function freeBytes(folder: string): number {
  const listed = execFileSync('df', ['--output=avail', '-B1', folder], { encoding: 'utf8' });
  return Number(listed.trim().split('\n').at(-1));
}

/** The disk of the append-only file runs full. A Redis that syncs always then ends; it is started when there is room again. */
export const diskFull: Fault = {
  name: 'disk-full',
  title: 'disk of the append-only file full',
  rounds: 5,
  impossibleHere: mountingImpossible,
  world: () => ({
    prepareRedisFolder: (folder) => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEBIBYTES}m`, 'tmpfs', folder]);
      return () => void execFileSync('umount', [folder]);
    },
  }),
  run: async (world, round) => {
    await round.untilUnderWay();
    const ballast = join(world.redisFolder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(Math.max(0, freeBytes(world.redisFolder) - LEFT_BYTES)));
    await world.redis.ended();
    rmSync(ballast);
    await world.redis.start();
    round.healed();
  },
};

/** Redis has no more memory than it uses now: it refuses to write, and goes on when it has more. */
export const memoryFull: Fault = {
  name: 'maxmemory',
  title: '`maxmemory` reached',
  rounds: 5,
  run: async (world, round) => {
    await round.load.reached(round.random() * FULL_SHARE);
    const redis = new Redis(world.redis.url);
    try {
      await redis.config('SET', 'maxmemory', '1');
      await round.load.untilUnavailable(REQUESTS_TURNED_AWAY);
      await redis.config('SET', 'maxmemory', '0');
      round.healed();
    } finally {
      redis.disconnect();
    }
  },
};
