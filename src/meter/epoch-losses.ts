import { idsKey, journalKey, shardKey } from './keys.ts';
import { MeterUnavailableError } from './meter-errors.ts';
import type { ShardPosition } from './meter-ledger.ts';
import { askRedis } from './redis-connection.ts';
import { shardState, type UsageMeter } from './usage-meter.ts';

/** What of an ended epoch is still to be had, and what is gone: rescued where Redis has it, named where nobody has. */

/** Entries of one call, and calls of one rescue: more than the journal's bound of events that are not in the ledger. */
const RESCUE_ENTRIES = 64;
const RESCUE_CALLS_MAX = 100_000;
/** Behind every sequence; Redis takes 64-bit integers. */
const SEQUENCE_END = '9007199254740992';

/** A shard that was fenced: what its record said of itself, and how far the ledger has drained that epoch. */
export interface EndedEpoch {
  readonly epoch: number;
  /** Of the last event that was accepted. */
  readonly sequence: number;
  readonly drained: number;
  /** The drain found a gap: some of what was accepted will never be in the ledger. */
  readonly isUsageMissing: boolean;
}

/**
 * Brings entries of an epoch that the ledger has left behind into the one that begins. Answers the sequence from which that one
 * goes on; `undefined` when another process has fenced the shard meanwhile.
 */
export async function rescueTail(
  meter: UsageMeter,
  shard: number,
  { token, ended, next }: { readonly token: string; readonly ended: EndedEpoch; readonly next: ShardPosition },
): Promise<number | undefined> {
  let from = `(${ended.epoch}-${ended.drained}`;
  let sequence = next.sequence;
  const [keys, to] = [[shardKey(shard), journalKey(shard)], `${ended.epoch}-${SEQUENCE_END}`];
  for (let call = 0; ; call += 1) {
    // To go on would leave accepted events behind without a word.
    if (call >= RESCUE_CALLS_MAX)
      throw new MeterUnavailableError(`shard ${shard} has more to rescue than a journal can hold`);
    const [lastId, now] = await askRedis(() =>
      meter.redis.rescueTail(2, ...keys, token, from, to, String(next.epoch), String(sequence), RESCUE_ENTRIES),
    );
    if (lastId === '0' || lastId === undefined) return undefined;
    if (lastId === '') break;
    sequence = Number(now);
    from = `(${lastId}`;
  }
  if (sequence > next.sequence) {
    const details = {
      epoch: ended.epoch,
      firstSequence: ended.drained + 1,
      rescuedAs: `${next.epoch}-${next.sequence + 1}`,
      rescuedThrough: `${next.epoch}-${sequence}`,
    };
    await askLedger(() => meter.ledger.recordIncident({ kind: 'journal_rescued', tenant: null, shard, details }));
  }
  return sequence;
}

/**
 * What the shard's own record says it accepted, and neither the journal nor the ledger has. Ids of events that are gone are
 * forgotten, or their senders would be told `duplicate` when they send them again.
 */
export async function nameRecordedLoss(meter: UsageMeter, shard: number, ended: EndedEpoch): Promise<void> {
  const isGone = ended.drained < ended.sequence;
  if (isGone) await nameRange(meter, shard, { epoch: ended.epoch, from: ended.drained + 1, through: ended.sequence });
  if (isGone || ended.isUsageMissing) await forgetIds(meter, shard);
}

/** While the shard is fenced nobody remembers an id. What the ledger has it refuses, also without Redis. */
async function forgetIds(meter: UsageMeter, shard: number): Promise<void> {
  const bucket = Number((await askRedis(() => meter.redis.hget(shardKey(shard), 'bucket'))) ?? 0);
  await askRedis(() => meter.redis.unlink(idsKey(shard, bucket - 1), idsKey(shard, bucket), idsKey(shard, bucket + 1)));
}

/**
 * Positions of an older epoch that this process was answered, and the ledger does not have, are gone: say so, with the range.
 * Whichever process began the epoch has drained what was left, so every process can tell for itself.
 */
export async function nameAnsweredLoss(meter: UsageMeter, shard: number, epoch: number): Promise<void> {
  const state = shardState(meter, shard);
  const { answered } = state;
  if (answered === undefined || answered.epoch >= epoch) return;
  const drained = await askLedger(() => meter.ledger.lastDrained(shard, answered.epoch));
  if (drained < answered.sequence) {
    await nameRange(meter, shard, { epoch: answered.epoch, from: drained + 1, through: answered.sequence });
  }
  state.answered = undefined;
}

async function nameRange(
  meter: UsageMeter,
  shard: number,
  { epoch, from, through }: { readonly epoch: number; readonly from: number; readonly through: number },
): Promise<void> {
  const details = { epoch, firstSequence: from, lastSequence: through };
  await askLedger(() => meter.ledger.recordIncident({ kind: 'journal_loss', tenant: null, shard, details }));
}

/** Awaits the ledger; what it cannot do now makes the meter unavailable. */
export async function askLedger<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof MeterUnavailableError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MeterUnavailableError(`the ledger did not do what was asked: ${reason}`, {
      cause: error,
      dependency: 'postgresql',
    });
  }
}
