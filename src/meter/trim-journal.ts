import { randomUUID } from 'node:crypto';

import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import type { JsonValue } from '../domain/event.ts';
import type { Aggregation } from '../domain/meter.ts';
import type { JournalFence } from './advance-gate.ts';
import { dimensionDigest } from './dimension-digest.ts';
import { boundField, counterField, gateKey, journalKey, shardKey, usageKey } from './keys.ts';
import { askRedis } from './redis-connection.ts';
import type { UsageMeter } from './usage-meter.ts';

/** An event that Redis counted and the ledger refused, because it had the id already: what the counters took for it. */
export interface RefusedChange extends JournalFence {
  readonly tenant: string;
  readonly usagePeriodMicros: EpochMicros;
  readonly accountingPeriodMicros: EpochMicros;
  /** `false`: the sender has used one id for two things, so that the values of the other are not those that the ledger has. */
  readonly sameContent?: boolean;
  readonly occurredAtMicros?: EpochMicros;
  /** Scaled integers as text. */
  readonly counterChanges: readonly (readonly [
    meter: string,
    scaled: string,
    aggregation: Aggregation,
    dimensions?: Readonly<Record<string, JsonValue>>,
  ])[];
}

/** Changes of one call, at which it ends with the event: Redis does nothing else meanwhile. */
const CHANGES_PER_CALL = 10_000;

/** How a change is taken back; described at the head of `trimJournal.lua`. */
const NOT_ADDITIVE = 0;
const ADDITIVE = 1;
/** Of a counter that is there only where a limit is on the dimension. */
const OF_DIMENSION_VALUE = 2;
/** Maxima and latest values do not tell what they were before. */
const MAXIMUM = 3;
const LATEST = 4;

/** How much of what is committed stays in the journal, so that a database restored from a backup can be drained again. */
export interface JournalRetention {
  /** Since it was committed; 0: none is kept. */
  readonly ageMs: number;
  /** Of one shard's stream; what is not committed is never cut. Whichever ends first holds. */
  readonly bytes: number;
}

/** Keeps nothing: the stream is cut at every commit. */
export const NO_RETENTION: JournalRetention = { ageMs: 0, bytes: 0 };

/** What Redis remembers of trimming a shard. */
export interface TrimState extends JournalFence {
  /** From here on nothing was cut: what lies below may be gone from the journal. */
  readonly keptFrom: JournalFence;
}

/** What the drain needs of the meter (`JournalTrim` of src/journal). */
export interface MeterTrim {
  /** Through where the ledger has confirmed the shard, refused duplicates included, and from where its journal is kept. */
  readTrimmed(shard: number): Promise<TrimState>;
  /** See `trimJournal`. */
  trim(shard: number, position: JournalFence, refused: readonly RefusedChange[]): Promise<void>;
  /** See `closeShard`. */
  closeShard(shard: number, options?: { readonly isUsageMissing: boolean }): Promise<void>;
}

/** What the meter's side of the drain may be told. */
export interface MeterTrimOptions {
  /** Nothing is kept unless it is said. */
  readonly retention?: JournalRetention;
  /** Told that a shard was closed: what this process has verified about it is void. */
  readonly onClosed?: (shard: number) => void;
}

/** The meter's side of the drain, on any connection that knows the meter's scripts. */
export function createMeterTrim(
  meter: Pick<UsageMeter, 'redis'>,
  { retention = NO_RETENTION, onClosed }: MeterTrimOptions = {},
): MeterTrim {
  return {
    readTrimmed: (shard) => readTrimState(meter, shard),
    trim: async (shard, position, refused) => {
      await trimJournal(meter, shard, position, refused, retention);
    },
    closeShard: async (shard, options) => {
      await closeShard(meter, shard, options);
      onClosed?.(shard);
    },
  };
}

/** Reads through where a shard was confirmed and from where its journal is kept; zeros where nothing was trimmed yet. */
export async function readTrimState(meter: Pick<UsageMeter, 'redis'>, shard: number): Promise<TrimState> {
  const [epoch, sequence, keptFrom] = await askRedis(() =>
    meter.redis.hmget(shardKey(shard), 'trimmedEpoch', 'trimmedSequence', 'keptFrom'),
  );
  const [keptEpoch, keptSequence] = (keptFrom ?? '0-0').split('-').map(Number);
  return {
    epoch: Number(epoch ?? 0),
    sequence: Number(sequence ?? 0),
    keptFrom: { epoch: keptEpoch ?? 0, sequence: keptSequence ?? 0 },
  };
}

/**
 * Closes an open shard: nothing is taken until a process has verified it again and given it the next epoch, whose counters
 * come from the ledger. For when ledger and Redis turn out not to belong together. Repeatable; one that is closed stays as it is.
 *
 * @param isUsageMissing the ledger will never have some of the events whose ids Redis remembers: with the next epoch they are
 *   forgotten, so that their senders can send them again
 */
export async function closeShard(
  meter: Pick<UsageMeter, 'redis'>,
  shard: number,
  { isUsageMissing }: { readonly isUsageMissing: boolean } = { isUsageMissing: false },
): Promise<void> {
  const epoch = await askRedis(() => meter.redis.hget(shardKey(shard), 'epoch'));
  if (epoch === null) return;
  if (isUsageMissing) await askRedis(() => meter.redis.hset(shardKey(shard), 'usageMissing', '1'));
  await askRedis(() => meter.redis.fenceShard(1, shardKey(shard), epoch, randomUUID(), '1'));
}

/**
 * Cuts a shard's journal up to what the ledger has committed, as far as retention and pins allow, and takes back from the counters what it refused. Repeatable:
 * changes at or below the trimmed-through position are done already. Needs no verified epoch: it runs within drains, which
 * verification itself waits for, and the script compares epochs. Answers how many entries were removed.
 */
export async function trimJournal(
  meter: Pick<UsageMeter, 'redis'>,
  shard: number,
  position: JournalFence,
  refused: readonly RefusedChange[],
  retention: JournalRetention = NO_RETENTION,
): Promise<number> {
  let call = new TrimCall(shard);
  let removed = 0;
  for (const event of refused) {
    if (call.changes.length >= CHANGES_PER_CALL) {
      removed += await call.send(meter, call.through, retention);
      call = new TrimCall(shard);
    }
    call.add(event);
  }
  return removed + (await call.send(meter, position, retention));
}

/** To the script: epoch, sequence, field, scaled value as text, kind, place of its hashes from 1, for latest values their time. */
type PackedChange = readonly [number, number, string, string, number, number, at?: string];

/** One call of the script. */
class TrimCall {
  readonly changes: PackedChange[] = [];
  /** The position of the event that was added last. */
  through: JournalFence = { epoch: 0, sequence: 0 };
  readonly #shard: number;
  /** A gate and a usage hash for each place: a call takes far fewer arguments than there may be changes. */
  readonly #keys: string[] = [];
  readonly #placeOf = new Map<string, number>();

  constructor(shard: number) {
    this.#shard = shard;
  }

  /** Adds what the counters took for an event, behind those that were added before. */
  add(event: RefusedChange): void {
    const { epoch, sequence } = event;
    this.through = { epoch, sequence };
    const accountingStart = formatInstant(event.accountingPeriodMicros);
    const usageStart = formatInstant(event.usagePeriodMicros);
    const place = this.#placeAt(event.tenant, accountingStart);
    for (const [meterKey, scaled, aggregation, dimensions = {}] of event.counterChanges) {
      const kind = kindOfChange(aggregation, event.sameContent);
      const field = counterField(meterKey, usageStart, accountingStart);
      const change = [epoch, sequence, field, scaled, kind, place] as const;
      this.changes.push(kind === LATEST ? [...change, String(event.occurredAtMicros)] : change);
      // Late usage is under no limit, so it is in no counter of a dimension's value.
      if (kind !== ADDITIVE || field !== meterKey) continue;
      for (const [name, value] of Object.entries(dimensions)) {
        const valueField = boundField({ meter: meterKey, valueDigest: dimensionDigest(name, value) });
        this.changes.push([epoch, sequence, valueField, scaled, OF_DIMENSION_VALUE, place]);
      }
    }
  }

  #placeAt(tenant: string, accountingStart: InstantText): number {
    const name = `${tenant}/${accountingStart}`;
    let place = this.#placeOf.get(name);
    if (place === undefined) {
      this.#keys.push(gateKey(this.#shard, tenant), usageKey(this.#shard, tenant, accountingStart));
      place = this.#keys.length / 2;
      this.#placeOf.set(name, place);
    }
    return place;
  }

  /** Answers how many entries were removed. */
  send(meter: Pick<UsageMeter, 'redis'>, position: JournalFence, retention: JournalRetention): Promise<number> {
    const keys = [shardKey(this.#shard), journalKey(this.#shard), ...this.#keys];
    const { epoch, sequence } = position;
    return askRedis(() =>
      meter.redis.trimJournal(
        keys.length,
        ...keys,
        String(epoch),
        String(sequence),
        JSON.stringify(this.changes),
        String(retention.ageMs),
        String(retention.bytes),
      ),
    );
  }
}

function kindOfChange(aggregation: Aggregation, isSameContent = true): number {
  if (aggregation === 'count' || aggregation === 'sum') return ADDITIVE;
  // Of values that are equally late the last one holds, so that also the same one again may have replaced another.
  if (aggregation === 'latest') return LATEST;
  return isSameContent || aggregation === 'unique' ? NOT_ADDITIVE : MAXIMUM;
}
