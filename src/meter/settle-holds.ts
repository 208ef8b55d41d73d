import { HOLD_KEPT_MS } from './hold-bounds.ts';
import { holdKey, holdsKey, shardKey, shardOf } from './keys.ts';
import { askRedis } from './redis-connection.ts';
import type { UsageMeter } from './usage-meter.ts';
import { verifiedEpoch } from './verify-incarnation.ts';

/** Holds that one call gives back: it holds Redis for less than a millisecond. */
const HOLDS_PER_CALL = 100;
/** Calls of one request: what is due beyond that counts as held until the next one. */
const CALLS_MAX = 20;

/** What became of a hold. `held` also where it has run out and nobody has given it back yet. */
export type HoldState = 'held' | 'committed' | 'released' | 'expired';

/** A hold as Redis has it. */
export interface HoldRecord {
  readonly state: HoldState;
  /** By the clock of Redis. */
  readonly expiresMs: number;
  /** What was committed of it, whole units; `null`: nothing. */
  readonly committedQuantity: string | null;
}

/** Gives back what a tenant's holds took that have run out. Answers how many there were. */
export async function giveBackDue(meter: UsageMeter, tenant: string): Promise<number> {
  let given = 0;
  for (let call = 0; call < CALLS_MAX; call += 1) {
    const [number] = await settle(meter, tenant, '');
    given += Number(number);
    if (Number(number) < HOLDS_PER_CALL) break;
  }
  return given;
}

/**
 * Gives a hold back that its owner does not need any more. Answers its state from before, and `undefined` for one that is not known:
 * only what was `held` is changed.
 */
export async function releaseHold(meter: UsageMeter, tenant: string, name: string): Promise<HoldState | undefined> {
  const [, before] = await settle(meter, tenant, name);
  return before === '' ? undefined : (before as HoldState);
}

/** Reads a hold; `undefined`: there is none, it is forgotten, or Redis has lost it. */
export async function readHold(meter: UsageMeter, tenant: string, name: string): Promise<HoldRecord | undefined> {
  const shard = shardOf(tenant, meter.shardCount);
  await verifiedEpoch(meter, shard);
  const [state, expiresMs, committed] = await askRedis(() =>
    meter.redis.hmget(holdKey(shard, tenant, name), 'state', 'expiresMs', 'committed'),
  );
  if (typeof state !== 'string') return undefined;
  return { state: state as HoldState, expiresMs: Number(expiresMs), committedQuantity: committed ?? null };
}

/** @param name '' for those that have run out */
async function settle(meter: UsageMeter, tenant: string, name: string): Promise<string[]> {
  const shard = shardOf(tenant, meter.shardCount);
  await verifiedEpoch(meter, shard);
  const keys = [shardKey(shard), holdsKey(shard, tenant)];
  const bounds = [HOLD_KEPT_MS, HOLDS_PER_CALL];
  return askRedis(() => meter.redis.settleHolds(2, ...keys, holdKey(shard, tenant, ''), name, ...bounds));
}
