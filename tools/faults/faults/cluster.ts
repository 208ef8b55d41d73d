import { shardKey } from '../../../src/meter/keys.ts';
import type { RedisCluster } from '../../redis-cluster.ts';
import type { Fault } from '../fault.ts';
import type { FaultWorld } from '../fault-world.ts';

/** The default of an installation, which the worlds keep. */
const SHARD_COUNT = 2;
/** A slot is moved in so many keys at a time, as an operator's tool does. */
const MOVED_AT_ONCE = 2;
/** Of the load, while the replica is behind. */
const LAGGING_SHARE = 0.04;

function clusterOf({ cluster }: FaultWorld): RedisCluster {
  if (cluster === undefined) throw new Error('this fault is for a world with a Redis Cluster');
  return cluster;
}

function shardOfRound(number: number): string {
  return shardKey(number % SHARD_COUNT);
}

/**
 * A master dies whose replica has fallen behind, and the replica takes its place. The worker stands still meanwhile, so that what was
 * accepted exists nowhere any more. The old master comes back as the replica of the new one.
 */
export const replicaPromoted: Fault = {
  name: 'replica-promoted',
  title: 'a replica that was behind promoted in the cluster, after SIGKILL of its master',
  rounds: 5,
  losesData: true,
  world: () => ({ redisCluster: true }),
  run: async (world, round) => {
    const cluster = clusterOf(world);
    const master = await cluster.ownerOf(shardOfRound(round.number));
    const replica = await cluster.replicaOf(master);
    const at = (1 + round.random()) / 3;
    await round.load.reached(at);
    world.worker.pause();
    try {
      await cluster.cutReplication(master);
      await round.load.reached(at + LAGGING_SHARE);
      await master.kill();
      await replica.redis.cluster('FAILOVER', 'TAKEOVER');
      round.healed();
    } finally {
      world.worker.resume();
    }
    await master.restart();
    await cluster.untilCaughtUp(master);
  },
};

/** A slot with a shard moves from one master to another, key by key. */
export const slotMoved: Fault = {
  name: 'slot-moved',
  title: 'the slot of a shard moved to another node of the cluster',
  rounds: 5,
  world: () => ({ redisCluster: true }),
  run: async (world, round) => {
    const cluster = clusterOf(world);
    const key = shardOfRound(round.number);
    const from = await cluster.ownerOf(key);
    const to = cluster.masters.find((node) => node !== from) ?? from;
    await round.untilUnderWay();
    await cluster.beginMove(key, from, to);
    while ((await cluster.moveKeys(key, from, to, MOVED_AT_ONCE)) > 0);
    await cluster.endMove(key, to);
    round.healed();
  },
};
