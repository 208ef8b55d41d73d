import { journalKey, shardKey } from './keys.ts';
import { askRedis } from './redis-connection.ts';
import type { UsageMeter } from './usage-meter.ts';

/** How far one shard's journal is ahead of the ledger, as Redis alone can tell: it needs no answer of PostgreSQL. */
export interface JournalState {
  readonly shard: number;
  /** 0 before the first incarnation was given one. */
  readonly epoch: number;
  /** `false` while the shard is fenced or was never opened: nothing is taken then. */
  readonly isOpen: boolean;
  /** Entries in the stream; retention and pins keep drained ones in it. */
  readonly entries: number;
  /** Accepted events that the ledger has not confirmed; ingest refuses at `JOURNAL_EVENTS_MAX`. */
  readonly waitingEvents: number;
  /** When Redis took the oldest entry that is not confirmed, in microseconds since the epoch; `null`: none waits. */
  readonly oldestAcceptedMicros: number | null;
}

/** What the stream's answer looks like: entries of an id and a flat list of fields and values. */
type Entries = readonly (readonly [id: string, fields: readonly string[]])[];

/** Reads the state of every shard. Rejects with `MeterUnavailableError` when Redis does not answer. */
export function readJournalStates(meter: Pick<UsageMeter, 'redis' | 'shardCount'>): Promise<JournalState[]> {
  return Promise.all(Array.from({ length: meter.shardCount }, (_, shard) => readJournalState(meter, shard)));
}

async function readJournalState(meter: Pick<UsageMeter, 'redis'>, shard: number): Promise<JournalState> {
  const [record, entries] = await askRedis(() =>
    Promise.all([
      meter.redis.hmget(shardKey(shard), 'epoch', 'sequence', 'state', 'trimmedEpoch', 'trimmedSequence'),
      meter.redis.xlen(journalKey(shard)),
    ]),
  );
  const [epoch, sequence, state, trimmedEpoch, trimmedSequence] = record;
  const confirmed = `(${trimmedEpoch ?? 0}-${trimmedSequence ?? 0}`;
  const oldest: Entries = await askRedis(() => meter.redis.xrange(journalKey(shard), confirmed, '+', 'COUNT', 1));
  // Sequences start over with an epoch; an older one is drained before the next is opened.
  const sequenceConfirmed = trimmedEpoch === epoch ? Number(trimmedSequence ?? 0) : 0;
  return {
    shard,
    epoch: Number(epoch ?? 0),
    isOpen: state === 'open',
    entries,
    waitingEvents: Math.max(0, Number(sequence ?? 0) - sequenceConfirmed),
    oldestAcceptedMicros: acceptedMicros(oldest[0]?.[1]),
  };
}

/** Field `t` of an entry. An entry that does not say (poison) has no age; the drain puts it aside. */
function acceptedMicros(fields: readonly string[] | undefined): number | null {
  const place = fields?.findIndex((field, index) => index % 2 === 0 && field === 't') ?? -1;
  const text = place < 0 ? undefined : fields?.[place + 1];
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : null;
}
