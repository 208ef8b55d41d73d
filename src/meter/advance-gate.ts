import type { EpochMicros } from '../domain/instant.ts';
import { gateKey, shardKey, shardOf } from './keys.ts';
import { MeterUnavailableError } from './meter-errors.ts';
import { askRedis } from './redis-connection.ts';
import type { UsageMeter } from './usage-meter.ts';
import { forgetEpoch, verifiedEpoch } from './verify-incarnation.ts';

const CALLS_MAX = 3;

/** A place in a shard's journal. */
export interface JournalFence {
  readonly epoch: number;
  readonly sequence: number;
}

/**
 * Raises a tenant's gate in Redis to a version that PostgreSQL has committed. Monotone and repeatable: anyone may call it. The
 * answer is the fence: every event that was accepted under an older version has a position at or below it, so once the ledger
 * has drained up to there, the sealed period is complete.
 */
export async function advanceGate(
  meter: UsageMeter,
  tenant: string,
  gate: { readonly version: number; readonly sealedMicros: EpochMicros },
): Promise<JournalFence> {
  const shard = shardOf(tenant, meter.shardCount);
  const keys = [shardKey(shard), gateKey(shard, tenant)];
  for (let call = 0; call < CALLS_MAX; call += 1) {
    const epoch = await verifiedEpoch(meter, shard);
    const reply = await askRedis(() =>
      meter.redis.advanceGate(keys.length, ...keys, String(epoch), String(gate.version), String(gate.sealedMicros)),
    );
    if (reply[0] !== 'epoch') return { epoch: Number(reply[1]), sequence: Number(reply[2]) };
    forgetEpoch(meter, shard);
  }
  throw new MeterUnavailableError(`the gate of ${tenant} could not be moved: shard ${shard} keeps changing its epoch`);
}

/** Tells every shard that the catalogue has changed, so that no process goes on with an older one. Repeatable. */
export async function advanceCatalogue(meter: UsageMeter, version: number): Promise<void> {
  for (let shard = 0; shard < meter.shardCount; shard += 1) {
    await askRedis(() => meter.redis.advanceCatalogue(1, shardKey(shard), String(version)));
  }
}

/** Notes that a checkpoint has seen the tenant's usage: the next event makes it dirty again and pokes its workflow. */
export async function clearDirty(meter: UsageMeter, tenant: string): Promise<void> {
  const shard = shardOf(tenant, meter.shardCount);
  await askRedis(() => meter.redis.hset(gateKey(shard, tenant), 'dirty', '0'));
}
