import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault, FaultRound } from '../fault.ts';
import type { FaultWorld } from '../fault-world.ts';

/** What Redis keeps its data in. */
const APPEND_ONLY_FOLDER = 'appendonlydir';

/** Kills Redis and starts it again on what `restore` makes of its folder. */
async function restartOn(world: FaultWorld, round: FaultRound, restore: () => void): Promise<void> {
  await world.redis.kill();
  restore();
  await world.redis.start();
  round.healed();
}

/**
 * Redis is started on a copy that was taken earlier under load, while the drain has stood still: what was accepted in between is
 * gone, and only the API knows of it.
 */
export const olderCopy: Fault = {
  name: 'redis-older-copy',
  title: 'Redis restored from an older copy, undrained',
  rounds: 5,
  losesData: true,
  run: async (world, round) => {
    const folder = join(world.redisFolder, APPEND_ONLY_FOLDER);
    const copy = join(world.redisFolder, 'earlier-copy');
    await round.load.reached(0.2);
    world.worker.pause();
    try {
      world.redis.pause();
      try {
        cpSync(folder, copy, { recursive: true });
      } finally {
        world.redis.resume();
      }
      await round.load.reached(0.5);
      await restartOn(world, round, () => {
        rmSync(folder, { recursive: true });
        cpSync(copy, folder, { recursive: true });
        rmSync(copy, { recursive: true });
      });
    } finally {
      world.worker.resume();
    }
  },
};

/**
 * PostgreSQL is started on a copy that was taken earlier under load. What it has lost is still in the journal, which keeps what was
 * drained for a while: nothing is missing when it has been drained again.
 */
export const olderLedger: Fault = {
  name: 'postgres-older-copy',
  title: 'PostgreSQL restored from an older backup',
  rounds: 3,
  recoveredBy: 'ledger',
  expectedIncidents: ['ledger_restored', 'journal_rescued'],
  mayAcceptAgain: true,
  run: async (world, round) => {
    const folder = world.postgresFolder;
    if (folder === undefined) throw new Error("PostgreSQL is not this run's own and cannot be restored");
    const copy = `${folder}.earlier-copy`;
    await round.load.reached(0.2);
    world.postgres.pause();
    try {
      // With owners and times: PostgreSQL refuses a folder that is not its own.
      execFileSync('cp', ['-a', folder, copy]);
    } finally {
      world.postgres.resume();
    }
    await round.load.reached(0.6);
    await world.postgres.kill();
    rmSync(folder, { recursive: true });
    execFileSync('mv', [copy, folder]);
    await world.postgres.start();
    round.healed();
  },
};
