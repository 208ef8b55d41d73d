import type { EpochMicros, InstantText } from '../domain/instant.ts';
import { gateKey, isOfDimensionValue, madeField, shardKey, shardOf, usageKey, USAGE_EPOCH_FIELD } from './keys.ts';
import { askRedis } from './redis-connection.ts';
import type { UsageMeter } from './usage-meter.ts';
import { verifiedEpoch } from './verify-incarnation.ts';
import { voidGate } from './void-gate.ts';

/** A tenant's gate as Redis has it. */
export interface GateRecord {
  readonly version: number;
  readonly sealedMicros: EpochMicros;
  readonly isDirty: boolean;
}

/**
 * Reads a tenant's gate. `undefined`: it is void (new tenant, new epoch, or a rebuild runs), and so are its counters: call
 * `rebuildTenant` before believing them.
 */
export async function readGateRecord(meter: UsageMeter, tenant: string): Promise<GateRecord | undefined> {
  const shard = shardOf(tenant, meter.shardCount);
  const epoch = await verifiedEpoch(meter, shard);
  const [heldEpoch, state, version, sealed, dirty] = await askRedis(() =>
    meter.redis.hmget(gateKey(shard, tenant), 'epoch', 'state', 'version', 'sealed', 'dirty'),
  );
  if (heldEpoch !== String(epoch) || state !== 'open') return undefined;
  return { version: Number(version), sealedMicros: Number(sealed), isDirty: dirty === '1' };
}

/**
 * Reads the counters of one accounting period: field → text. `<meter>` is the scaled total, maximum or latest value,
 * `<meter>#n` the number of events, `<meter>@<usage period>` late usage of another period. Counters that limits keep per value of a
 * dimension are left out: they decide what is refused, never what is billed. Empty when there are none, or when they are of
 * another epoch, or were deleted: `readGateRecord` tells which, when it is asked afterwards.
 */
export async function readCounters(
  meter: UsageMeter,
  tenant: string,
  accountingStart: InstantText,
): Promise<ReadonlyMap<string, string>> {
  const shard = shardOf(tenant, meter.shardCount);
  const epoch = await verifiedEpoch(meter, shard);
  // In this order: what the gate has made by then must be there.
  const [madeFor, held] = await askRedis(() =>
    Promise.all([
      meter.redis.hget(gateKey(shard, tenant), madeField(accountingStart)),
      meter.redis.hgetall(usageKey(shard, tenant, accountingStart)),
    ]),
  );
  const fields = new Map(Object.entries(held).filter(([field]) => !isOfDimensionValue(field)));
  if (fields.get(USAGE_EPOCH_FIELD) !== String(epoch)) {
    if (madeFor === String(epoch)) await voidGate(meter, tenant);
    return new Map();
  }
  fields.delete(USAGE_EPOCH_FIELD);
  return fields;
}

/** Where a shard stands: the fence behind everything that was accepted so far. */
export async function readFence(meter: UsageMeter, shard: number): Promise<{ epoch: number; sequence: number }> {
  const epoch = await verifiedEpoch(meter, shard);
  const sequence = await askRedis(() => meter.redis.hget(shardKey(shard), 'sequence'));
  return { epoch, sequence: Number(sequence ?? 0) };
}

/**
 * Sets one counter to what it must be, if it still holds what was read. For differences that were explained and recorded only.
 * Answers whether it did.
 */
export async function repairCounter(
  meter: UsageMeter,
  tenant: string,
  repair: {
    readonly accountingStart: InstantText;
    readonly field: string;
    readonly from: string;
    readonly to: string;
  },
): Promise<boolean> {
  const shard = shardOf(tenant, meter.shardCount);
  await verifiedEpoch(meter, shard);
  const key = usageKey(shard, tenant, repair.accountingStart);
  return (await askRedis(() => meter.redis.repairCounter(1, key, repair.field, repair.from, repair.to))) === '1';
}

/** Lets the counters of a billed period expire. Late events of it are booked to a later accounting period, never to it again. */
export async function retireCounters(
  meter: UsageMeter,
  tenant: string,
  retirement: { readonly accountingStart: InstantText; readonly afterSeconds: number },
): Promise<void> {
  const shard = shardOf(tenant, meter.shardCount);
  const key = usageKey(shard, tenant, retirement.accountingStart);
  // First, or a hash that is gone by right would look deleted.
  await askRedis(() => meter.redis.hdel(gateKey(shard, tenant), madeField(retirement.accountingStart)));
  await askRedis(() => meter.redis.expire(key, retirement.afterSeconds));
}
