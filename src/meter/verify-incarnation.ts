import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { askLedger, type EndedEpoch, nameAnsweredLoss, nameRecordedLoss, rescueTail } from './epoch-losses.ts';
import { MeterUnavailableError } from './meter-errors.ts';
import type { Incarnation, MeterLedger, ShardPosition } from './meter-ledger.ts';
import { shardKey } from './keys.ts';
import { nodeServing } from './meter-connection.ts';
import { askRedis } from './redis-connection.ts';
import { checkRedisProfile } from './redis-profile.ts';
import { shardState, type UsageMeter } from './usage-meter.ts';

/**
 * A Redis that lost or went back in its data must not be believed. Before a process uses a shard on a connection, it compares
 * what Redis says with the ledger's position; a Redis it does not know gets the next epoch, in PostgreSQL first.
 */

/** Other processes may verify the same shard at the same time: a fence that was passed by another epoch starts over. */
const VERIFY_ATTEMPTS_MAX = 5;
/** Position and record are read one after the other: how often the epoch may move in between. */
const LOOKS_MAX = 5;
/** Each fence undoes the one before. Processes that start over at different times let one of them come to its end. */
const VERIFY_PAUSE_MAX_MS = 100;

/**
 * The epoch of a shard, verified on the present connection. Callers share one verification. Rejects with
 * `MeterUnavailableError` when Redis or the ledger does not answer, `RedisProfileError` when the settings would lose money.
 */
export function verifiedEpoch(meter: UsageMeter, shard: number): Promise<number> {
  const state = shardState(meter, shard);
  if (state.epoch !== undefined) return Promise.resolve(state.epoch);
  state.verifying ??= verifyOnce(meter, shard).finally(() => {
    state.verifying = undefined;
  });
  return state.verifying;
}

/** Forgets what was verified: the script said that the shard is in another epoch. */
export function forgetEpoch(meter: UsageMeter, shard: number): void {
  shardState(meter, shard).epoch = undefined;
}

async function verifyOnce(meter: UsageMeter, shard: number): Promise<number> {
  const connection = meter.connectionNumber(shard);
  const epoch = await verifyIncarnation(meter, shard);
  if (meter.connectionNumber(shard) !== connection) {
    throw new MeterUnavailableError('the connection to Redis was lost while it was being verified');
  }
  shardState(meter, shard).epoch = epoch;
  return epoch;
}

/**
 * Makes sure that Redis and the ledger agree on the shard's epoch, and answers it. An unknown incarnation is fenced, what is
 * left of its journal is drained, PostgreSQL gives the next epoch under the position row's lock, and Redis installs it. What
 * this process was answered and the ledger did not find is recorded as an incident with its range.
 */
async function verifyIncarnation(meter: UsageMeter, shard: number): Promise<number> {
  for (let attempt = 0; attempt < VERIFY_ATTEMPTS_MAX; attempt += 1) {
    const epoch = await tryVerify(meter, shard);
    if (epoch !== undefined) return epoch;
    await pause(Math.random() * VERIFY_PAUSE_MAX_MS);
  }
  throw new MeterUnavailableError(`shard ${shard} did not settle into an epoch: other processes keep changing it`);
}

async function tryVerify(meter: UsageMeter, shard: number): Promise<number | undefined> {
  const incarnation = await readIncarnation(meter, shard);
  let position = await askLedger(() => meter.ledger.readPosition(shard));
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const record = await readShardRecord(meter, shard);
    if (isKnown(position, incarnation) && (await isCurrent(meter, shard, record, position))) {
      await nameAnsweredLoss(meter, shard, position.epoch);
      return position.epoch;
    }
    // When another process gave out an epoch between the two reads, they did not belong together.
    const { epoch } = position;
    position = await askLedger(() => meter.ledger.readPosition(shard));
    if (position.epoch !== epoch) continue;
    if (!isKnown(position, incarnation) && meter.profile === 'durable') {
      await checkRedisProfile(nodeServing(meter.redis, shardKey(shard)), meter.redisAttested);
    }
    const begin: BeginEpoch = (next) => meter.ledger.beginEpoch(shard, next);
    return beginNextEpoch(meter, shard, { record, incarnation, begin });
  }
  return undefined;
}

/** The ledger's part of a new epoch: `beginEpoch` of `MeterLedger`, or something that does more in the same transaction. */
export type BeginEpoch = (next: Parameters<MeterLedger['beginEpoch']>[1]) => ReturnType<MeterLedger['beginEpoch']>;

/**
 * Gives a shard its next epoch although nothing is wrong with it: the ledger changes something that its counters have to follow.
 * Everything that was accepted is drained before; all counters of the shard are rebuilt from the ledger after.
 *
 * @param begin may be called again when other processes verify the shard at the same time
 */
export async function renewEpoch(meter: UsageMeter, shard: number, begin: BeginEpoch): Promise<void> {
  for (let attempt = 0; attempt < VERIFY_ATTEMPTS_MAX; attempt += 1) {
    const incarnation = await readIncarnation(meter, shard);
    const record = await readShardRecord(meter, shard);
    forgetEpoch(meter, shard);
    if ((await beginNextEpoch(meter, shard, { record, incarnation, begin })) !== undefined) return;
    await pause(Math.random() * VERIFY_PAUSE_MAX_MS);
  }
  throw new MeterUnavailableError(`shard ${shard} did not settle into an epoch: other processes keep changing it`);
}

async function beginNextEpoch(
  meter: UsageMeter,
  shard: number,
  {
    record,
    incarnation,
    begin,
  }: { readonly record: ShardRecord; readonly incarnation: Incarnation; readonly begin: BeginEpoch },
): Promise<number | undefined> {
  const token = randomUUID();
  const fenced = await askRedis(() =>
    meter.redis.fenceShard(1, shardKey(shard), record.epoch === 0 ? '' : String(record.epoch), token, '0'),
  );
  if (fenced !== '1') return undefined;
  // Read behind the fence: an epoch above this one was never opened while the fence stood, so it is safe to open.
  const fencedAt = await askLedger(() => meter.ledger.readPosition(shard));
  // Whoever fenced later may have given out the epoch that was just read and be about to open it: leave the ledger alone then.
  if ((await askRedis(() => meter.redis.hget(shardKey(shard), 'fence'))) !== token) return undefined;
  await askLedger(() => meter.ledger.drainShard(shard));
  const ended = await readEndedEpoch(meter, shard, record.epoch);
  const afterEpoch = Math.max(fencedAt.epoch, record.epoch);
  const next = await askLedger(() => begin({ afterEpoch, incarnation }));
  if (!isKnown(next, incarnation)) return undefined;
  const isLeftBehind = record.epoch > 0 && record.epoch < fencedAt.epoch;
  const sequence = isLeftBehind ? await rescueTail(meter, shard, { token, ended, next }) : next.sequence;
  if (sequence === undefined) return undefined;
  if (sequence === next.sequence) {
    await nameRecordedLoss(meter, shard, ended);
    await nameAnsweredLoss(meter, shard, next.epoch);
  }
  const catalogue = next.catalogueVersion === undefined ? '' : String(next.catalogueVersion);
  const place = [String(next.epoch), String(sequence), token, catalogue, String(next.sequence)] as const;
  const installed = await askRedis(() => meter.redis.installEpoch(1, shardKey(shard), ...place));
  return installed === '1' ? next.epoch : undefined;
}

async function readEndedEpoch(meter: UsageMeter, shard: number, epoch: number): Promise<EndedEpoch> {
  if (epoch === 0) return { epoch, sequence: 0, drained: 0, isUsageMissing: false };
  const [sequence, missing] = await askRedis(() => meter.redis.hmget(shardKey(shard), 'sequence', 'usageMissing'));
  const drained = await askLedger(() => meter.ledger.lastDrained(shard, epoch));
  return { epoch, sequence: Number(sequence ?? 0), drained, isUsageMissing: missing === '1' };
}

interface ShardRecord {
  readonly epoch: number;
  readonly sequence: number;
  readonly isOpen: boolean;
  /** Through where the ledger has confirmed it. */
  readonly trimmed: { readonly epoch: number; readonly sequence: number };
}

async function readShardRecord(meter: UsageMeter, shard: number): Promise<ShardRecord> {
  const [epoch, sequence, state, trimmedEpoch, trimmedSequence] = await askRedis(() =>
    meter.redis.hmget(shardKey(shard), 'epoch', 'sequence', 'state', 'trimmedEpoch', 'trimmedSequence'),
  );
  const trimmed = { epoch: Number(trimmedEpoch ?? 0), sequence: Number(trimmedSequence ?? 0) };
  return { epoch: Number(epoch ?? 0), sequence: Number(sequence ?? 0), isOpen: state === 'open', trimmed };
}

function isKnown(position: ShardPosition, incarnation: Incarnation): boolean {
  return (
    position.epoch > 0 &&
    position.incarnation.runId === incarnation.runId &&
    position.incarnation.replicationId === incarnation.replicationId
  );
}

/**
 * Whether the shard is as the ledger and this process left it. A record that does not reach what this process was answered went
 * back; a ledger that does not reach what it has confirmed was restored from a backup.
 */
async function isCurrent(
  meter: UsageMeter,
  shard: number,
  record: ShardRecord,
  position: ShardPosition,
): Promise<boolean> {
  if (!record.isOpen || record.epoch !== position.epoch || record.sequence < position.sequence) return false;
  const { answered } = shardState(meter, shard);
  if (answered?.epoch === record.epoch && record.sequence < answered.sequence) return false;
  if (!isAbove(record.trimmed, position)) return true;
  // The position was read first and may have been passed since.
  return !isAbove(record.trimmed, await askLedger(() => meter.ledger.readPosition(shard)));
}

function isAbove(one: ShardRecord['trimmed'], other: ShardRecord['trimmed']): boolean {
  return one.epoch === other.epoch ? one.sequence > other.sequence : one.epoch > other.epoch;
}

/** Of the server that serves the shard: in a cluster each node has its own. */
async function readIncarnation(meter: UsageMeter, shard: number): Promise<Incarnation> {
  const node = nodeServing(meter.redis, shardKey(shard));
  const [server, replication] = await askRedis(() => Promise.all([node.info('server'), node.info('replication')]));
  return { runId: infoField(server, 'run_id'), replicationId: infoField(replication, 'master_replid') };
}

function infoField(info: string, name: string): string {
  const value = new RegExp(`^${name}:(\\S+)\\r?$`, 'm').exec(info)?.[1];
  if (value === undefined) throw new MeterUnavailableError(`Redis does not tell its ${name}`);
  return value;
}
