import { randomUUID } from 'node:crypto';

import { defineCommands, type MeterRedis } from './commands.ts';
import { shardKey } from './keys.ts';
import { type MeterConnection, onConnectionLost } from './meter-connection.ts';
import type { MeterLedger } from './meter-ledger.ts';
import type { MeterObserver } from './meter-observer.ts';

/** How a meter is set up. */
export interface UsageMeterOptions {
  /** A connection of its own, from `openMeterConnection`: no offline queue, no resending. */
  readonly redis: MeterConnection;
  readonly ledger: MeterLedger;
  readonly shardCount: number;
  /** How long an accepted id is remembered at least; behind that the ledger decides. */
  readonly dedupWindowSeconds: number;
  /** `durable` refuses a Redis whose settings could lose an acknowledged event. */
  readonly profile: 'durable' | 'fast';
  /** What the operator attests where `CONFIG GET` is forbidden. */
  readonly redisAttested: boolean;
  /** Told what is counted and timed; none: nobody wants to know. */
  readonly observer?: MeterObserver | undefined;
}

/** What this process knows of a shard. */
export interface ShardState {
  /** The epoch verified on the present connection; `undefined`: to be verified before the next call. */
  epoch: number | undefined;
  bucket: number;
  /** The last position that a client was told `accepted` for. */
  answered: { readonly epoch: number; readonly sequence: number } | undefined;
  /** The verification that runs, shared by all who need it. */
  verifying: Promise<number> | undefined;
}

/** What is known of Redis's memory: `watchMemory` looks every second. */
export interface MeterMemory {
  /** `null`: nobody has looked yet. */
  usedBytes: number | null;
  /** `null`: there is no bound. */
  maxBytes: number | null;
  /** Whether so much is used that nothing is taken any more. */
  isFull: boolean;
}

/** The hot side of the program: its connection to Redis and what this process knows about its shards. */
export interface UsageMeter extends Omit<UsageMeterOptions, 'redis'> {
  readonly redis: MeterRedis;
  readonly shards: readonly ShardState[];
  readonly memory: MeterMemory;
  /**
   * Rises when the connection to the shard is lost, or another node of a cluster serves it, so that a verification that spans two
   * connections is not believed.
   */
  connectionNumber(shard: number): number;
  /** Names this process in the tokens of its rebuilds. */
  readonly owner: string;
  /** Rebuilds that run in this process, by tenant: single flight. */
  readonly rebuilding: Map<string, Promise<void>>;
}

/** Makes a meter on a connection. Every lost connection voids what was verified about its shards. */
export function createUsageMeter(options: UsageMeterOptions): UsageMeter {
  const shards: ShardState[] = Array.from({ length: options.shardCount }, () => ({
    epoch: undefined,
    bucket: 0,
    answered: undefined,
    verifying: undefined,
  }));
  const connections = shards.map(() => 0);
  onConnectionLost(options.redis, (isAffected) => {
    for (const [shard, state] of shards.entries()) {
      if (!isAffected(shardKey(shard))) continue;
      connections[shard] = (connections[shard] ?? 0) + 1;
      state.epoch = undefined;
    }
  });
  return {
    ...options,
    redis: defineCommands(options.redis),
    shards,
    memory: { usedBytes: null, maxBytes: null, isFull: false },
    connectionNumber: (shard) => connections[shard] ?? 0,
    owner: randomUUID(),
    rebuilding: new Map(),
  };
}

/** The state of a shard; a number that is out of range is an error of the program. */
export function shardState(meter: UsageMeter, shard: number): ShardState {
  const state = meter.shards[shard];
  if (state === undefined) throw new RangeError(`there is no shard ${shard}: there are ${meter.shardCount}`);
  return state;
}
