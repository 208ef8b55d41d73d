import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { MeterUnavailableError } from './meter-errors.ts';
import type { Incarnation, ShardPosition } from './meter-ledger.ts';
import { shardKey } from './keys.ts';
import { askRedis } from './redis-connection.ts';
import { checkRedisProfile } from './redis-profile.ts';
import { shardState, type UsageMeter } from './usage-meter.ts';

/**
 * A Redis that lost or went back in its data must not be believed. Before a process uses a shard on a connection, it compares
 * what Redis says with the ledger's position; a Redis it does not know gets the next epoch, in PostgreSQL first.
 */

/** Other processes may verify the same shard at the same time: a fence that was passed by another epoch starts over. */
const VERIFY_ATTEMPTS_MAX = 5;
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
  const connection = meter.connectionNumber();
  const epoch = await verifyIncarnation(meter, shard);
  if (meter.connectionNumber() !== connection) {
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
export async function verifyIncarnation(meter: UsageMeter, shard: number): Promise<number> {
  for (let attempt = 0; attempt < VERIFY_ATTEMPTS_MAX; attempt += 1) {
    const epoch = await tryVerify(meter, shard);
    if (epoch !== undefined) return epoch;
    await pause(Math.random() * VERIFY_PAUSE_MAX_MS);
  }
  throw new MeterUnavailableError(`shard ${shard} did not settle into an epoch: other processes keep changing it`);
}

async function tryVerify(meter: UsageMeter, shard: number): Promise<number | undefined> {
  const incarnation = await readIncarnation(meter);
  const position = await askLedger(() => meter.ledger.readPosition(shard));
  const record = await readShardRecord(meter, shard);
  if (isKnown(position, incarnation) && isCurrent(record, position)) {
    await nameLoss(meter, shard, position.epoch);
    return position.epoch;
  }
  if (!isKnown(position, incarnation) && meter.profile === 'durable') {
    await checkRedisProfile(meter.redis, meter.redisAttested);
  }
  const token = randomUUID();
  const fenced = await askRedis(() =>
    meter.redis.fenceShard(1, shardKey(shard), record.epoch === 0 ? '' : String(record.epoch), token),
  );
  if (fenced !== '1') return undefined;
  await askLedger(() => meter.ledger.drainShard(shard));
  const afterEpoch = Math.max(position.epoch, record.epoch);
  const next = await askLedger(() => meter.ledger.beginEpoch(shard, { afterEpoch, incarnation }));
  if (!isKnown(next, incarnation)) return undefined;
  await nameLoss(meter, shard, next.epoch);
  const installed = await askRedis(() =>
    meter.redis.installEpoch(1, shardKey(shard), String(next.epoch), String(next.sequence), token),
  );
  return installed === '1' ? next.epoch : undefined;
}

interface ShardRecord {
  readonly epoch: number;
  readonly sequence: number;
  readonly isOpen: boolean;
}

async function readShardRecord(meter: UsageMeter, shard: number): Promise<ShardRecord> {
  const [epoch, sequence, state] = await askRedis(() =>
    meter.redis.hmget(shardKey(shard), 'epoch', 'sequence', 'state'),
  );
  return { epoch: Number(epoch ?? 0), sequence: Number(sequence ?? 0), isOpen: state === 'open' };
}

function isKnown(position: ShardPosition, incarnation: Incarnation): boolean {
  return (
    position.epoch > 0 &&
    position.incarnation.runId === incarnation.runId &&
    position.incarnation.replicationId === incarnation.replicationId
  );
}

function isCurrent(record: ShardRecord, position: ShardPosition): boolean {
  return record.isOpen && record.epoch === position.epoch && record.sequence >= position.sequence;
}

async function readIncarnation(meter: UsageMeter): Promise<Incarnation> {
  const [server, replication] = await askRedis(() =>
    Promise.all([meter.redis.info('server'), meter.redis.info('replication')]),
  );
  return { runId: infoField(server, 'run_id'), replicationId: infoField(replication, 'master_replid') };
}

function infoField(info: string, name: string): string {
  const value = new RegExp(`^${name}:(\\S+)\\r?$`, 'm').exec(info)?.[1];
  if (value === undefined) throw new MeterUnavailableError(`Redis does not tell its ${name}`);
  return value;
}

/**
 * Positions of an older epoch that this process was answered, and the ledger does not have, are gone: say so, with the range.
 * Whichever process began the epoch has drained what was left, so every process can tell for itself.
 */
async function nameLoss(meter: UsageMeter, shard: number, epoch: number): Promise<void> {
  const state = shardState(meter, shard);
  const { answered } = state;
  if (answered === undefined || answered.epoch >= epoch) return;
  const drained = await askLedger(() => meter.ledger.lastDrained(shard, answered.epoch));
  if (drained < answered.sequence) {
    const details = { epoch: answered.epoch, firstSequence: drained + 1, lastSequence: answered.sequence };
    await askLedger(() => meter.ledger.recordIncident({ kind: 'journal_loss', tenant: null, shard, details }));
  }
  state.answered = undefined;
}

/** Awaits the ledger; what it cannot do now makes the meter unavailable. */
export async function askLedger<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof MeterUnavailableError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MeterUnavailableError(`the ledger did not do what was asked: ${reason}`, { cause: error });
  }
}
