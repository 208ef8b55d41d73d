import { shardKey } from './keys.ts';
import { askLedger } from './epoch-losses.ts';
import { askRedis } from './redis-connection.ts';
import { closeShard } from './trim-journal.ts';
import type { UsageMeter } from './usage-meter.ts';
import { forgetEpoch } from './verify-incarnation.ts';

/** The catalogue version that each shard was told of last, by number of the shard; 0: none. */
export async function readHeldCatalogue(meter: UsageMeter): Promise<readonly number[]> {
  const shards = Array.from({ length: meter.shardCount }, (_, shard) => shard);
  return Promise.all(
    shards.map(async (shard) => Number((await askRedis(() => meter.redis.hget(shardKey(shard), 'catalogue'))) ?? 0)),
  );
}

/**
 * Closes a shard of a ledger that has gone back: an incident says by what it was seen, and the next call gives the shard a new
 * epoch, whose gates, counters and catalogue version come from the ledger as it is now.
 *
 * @param details versions that Redis remembers and the ledger lacks
 */
export async function closeForRestoredLedger(
  meter: UsageMeter,
  shard: number,
  details: Readonly<Record<string, number>>,
): Promise<void> {
  await closeShard(meter, shard);
  forgetEpoch(meter, shard);
  await askLedger(() => meter.ledger.recordIncident({ kind: 'ledger_restored', tenant: null, shard, details }));
}
