import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Aggregation } from '../domain/meter.ts';
import type { JournalFence } from './advance-gate.ts';
import { counterField, gateKey, journalKey, shardKey, usageKey } from './keys.ts';
import { askRedis } from './redis-connection.ts';
import type { UsageMeter } from './usage-meter.ts';

/** An event that Redis counted and the ledger refused, because it had the id already: what the counters took for it. */
export interface RefusedChange extends JournalFence {
  readonly tenant: string;
  readonly usagePeriodMicros: EpochMicros;
  readonly accountingPeriodMicros: EpochMicros;
  /** Scaled integers as text. */
  readonly counterChanges: readonly (readonly [meter: string, scaled: string, aggregation: Aggregation])[];
}

/** Changes of one call; the drain reads at most 10,000 refused events at once. */
const CHANGES_MAX = 100_000;

/** What the drain needs of the meter (`JournalTrim` of src/journal). */
export interface MeterTrim {
  /** Through where the shard was trimmed, refused duplicates included. */
  readTrimmed(shard: number): Promise<JournalFence>;
  /** See `trimJournal`. */
  trim(shard: number, position: JournalFence, refused: readonly RefusedChange[]): Promise<void>;
}

/** The meter's side of the drain, on any connection that knows the meter's scripts. */
export function createMeterTrim(meter: Pick<UsageMeter, 'redis'>): MeterTrim {
  return {
    readTrimmed: async (shard) => {
      const [epoch, sequence] = await askRedis(() =>
        meter.redis.hmget(shardKey(shard), 'trimmedEpoch', 'trimmedSequence'),
      );
      return { epoch: Number(epoch ?? 0), sequence: Number(sequence ?? 0) };
    },
    trim: async (shard, position, refused) => {
      await trimJournal(meter, shard, position, refused);
    },
  };
}

/**
 * Cuts a shard's journal up to what the ledger has committed, and takes back from the counters what it refused. Repeatable:
 * changes at or below the trimmed-through position are done already. Needs no verified epoch: it runs within drains, which
 * verification itself waits for, and the script compares epochs. Answers how many entries were removed.
 */
export async function trimJournal(
  meter: Pick<UsageMeter, 'redis'>,
  shard: number,
  position: JournalFence,
  refused: readonly RefusedChange[],
): Promise<number> {
  const keys = [shardKey(shard), journalKey(shard)];
  const changes: unknown[] = [];
  for (const event of refused) {
    const accountingStart = formatInstant(event.accountingPeriodMicros);
    const usageStart = formatInstant(event.usagePeriodMicros);
    for (const [meterKey, scaled, aggregation] of event.counterChanges) {
      keys.push(gateKey(shard, event.tenant), usageKey(shard, event.tenant, accountingStart));
      const isAdditive = aggregation === 'count' || aggregation === 'sum' ? 1 : 0;
      const field = counterField(meterKey, usageStart, accountingStart);
      changes.push([event.epoch, event.sequence, field, scaled, isAdditive]);
    }
  }
  if (changes.length > CHANGES_MAX) throw new RangeError(`${changes.length} changes in one trim: split the batch`);
  return askRedis(() =>
    meter.redis.trimJournal(
      keys.length,
      ...keys,
      String(position.epoch),
      String(position.sequence),
      JSON.stringify(changes),
    ),
  );
}
