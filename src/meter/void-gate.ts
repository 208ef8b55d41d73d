import { gateKey, shardOf } from './keys.ts';
import { askRedis } from './redis-connection.ts';
import type { UsageMeter } from './usage-meter.ts';

/**
 * Makes a tenant's gate void, so that whoever needs its counters next rebuilds them from the ledger: for counters that this epoch has
 * made and that are gone, because someone deleted them or a Redis evicted them that should not. What writes does it by itself
 * (recordUsage); this is for what only reads. Where a rebuild was faster it is done once more, which changes nothing.
 */
export async function voidGate(meter: UsageMeter, tenant: string): Promise<void> {
  await askRedis(() => meter.redis.hdel(gateKey(shardOf(tenant, meter.shardCount), tenant), 'epoch'));
}
