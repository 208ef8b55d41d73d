import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import type { InstantText } from '../domain/instant.ts';
import type { JournalFence } from './advance-gate.ts';
import { gateKey, shardKey, usageKey } from './keys.ts';
import { MeterUnavailableError } from './meter-errors.ts';
import { askRedis } from './redis-connection.ts';
import type { UsageMeter } from './usage-meter.ts';
import { forgetEpoch, verifiedEpoch } from './verify-incarnation.ts';
import { voidGate } from './void-gate.ts';

/** Which counters: those of one tenant's accounting period. */
export interface AccountPlace {
  readonly tenant: string;
  readonly accountingStart: InstantText;
}

/** The counters of one place at the cut. */
export interface CounterAccount {
  /** Events of this epoch at or below it came into the counters with a rebuild, from the ledger. */
  readonly countedFrom: number;
  /** Field → text as `readCounters` answers it, without the counters per dimension value. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Counters of several places of one shard, all of one moment. */
export interface AccountsAtCut {
  /** Every event at or below it is in the counters, and none above it. */
  readonly cut: JournalFence;
  /** Refused duplicates at or below it were taken back from the counters. */
  readonly trimmed: JournalFence;
  /** In the order of the places; `undefined`: the tenant's counters are void or were deleted, they await a rebuild. */
  readonly accounts: readonly (CounterAccount | undefined)[];
}

/** Places of one call at most: Redis does nothing else while it reads them. */
export const ACCOUNTS_READ_MAX = 100;

/** Reads the counters of at most `ACCOUNTS_READ_MAX` places of a shard at one cut. */
export async function readAccounts(
  meter: UsageMeter,
  shard: number,
  places: readonly AccountPlace[],
): Promise<AccountsAtCut> {
  if (places.length > ACCOUNTS_READ_MAX) throw new RangeError(`${places.length} places in one read: split them`);
  await verifiedEpoch(meter, shard);
  const keys = places.flatMap(({ tenant, accountingStart }) => [
    gateKey(shard, tenant),
    usageKey(shard, tenant, accountingStart),
  ]);
  const reply = await askRedis(() => meter.redis.readAccounts(keys.length + 1, shardKey(shard), ...keys));
  const [epoch, sequence, trimmedEpoch, trimmedSequence, ...accounts] = reply;
  if (epoch === 'closed')
    throw new MeterUnavailableError(`shard ${shard} is not open: its journal is being handed over`);
  const held = accounts as string[][];
  const deleted = new Set(places.filter((_place, index) => held[index]?.[0] === 'deleted').map(({ tenant }) => tenant));
  for (const tenant of deleted) await voidGate(meter, tenant);
  return {
    cut: { epoch: Number(epoch), sequence: Number(sequence) },
    trimmed: { epoch: Number(trimmedEpoch), sequence: Number(trimmedSequence) },
    accounts: places.map(({ tenant }, index) => (deleted.has(tenant) ? undefined : counterAccount(held[index] ?? []))),
  };
}

function counterAccount([state, countedFrom, ...held]: readonly string[]): CounterAccount | undefined {
  if (state !== 'open') return undefined;
  const fields = new Map<string, string>();
  for (let place = 0; place + 1 < held.length; place += 2) fields.set(held[place] ?? '', held[place + 1] ?? '');
  return { countedFrom: Number(countedFrom), fields };
}

/** A pin ends by itself after this time: an auditor that was killed cannot fill the journal. */
export const PIN_HOLDS_MS = 10_000;
/** Times 50 ms: longer than another audit's pin can last. */
const PIN_ATTEMPTS_MAX = 240;
const PIN_PAUSE_MS = 50;

/**
 * Does work while a shard's journal is kept from being trimmed past what is trimmed now, for at most `PIN_HOLDS_MS`. Audits take
 * turns. Rejects with `MeterUnavailableError` when the shard cannot be pinned.
 */
export async function whilePinned<T>(meter: UsageMeter, shard: number, work: () => Promise<T>): Promise<T> {
  const token = randomUUID();
  await pin(meter, shard, token);
  try {
    return await work();
  } finally {
    // It would end by itself: that Redis is away now is told by the work.
    await askRedis(() => meter.redis.pinShard(1, shardKey(shard), token, '0')).catch(() => undefined);
  }
}

async function pin(meter: UsageMeter, shard: number, token: string): Promise<void> {
  for (let attempt = 0; attempt < PIN_ATTEMPTS_MAX; attempt += 1) {
    await verifiedEpoch(meter, shard);
    const word = await askRedis(() => meter.redis.pinShard(1, shardKey(shard), token, String(PIN_HOLDS_MS)));
    if (word === 'pinned') return;
    // Lost, or fenced by another process: looking at it anew opens it, where otherwise the next event would have to come.
    if (word === 'closed') forgetEpoch(meter, shard);
    await pause(PIN_PAUSE_MS);
  }
  throw new MeterUnavailableError(`shard ${shard} could not be pinned: other audits run, or it does not open`);
}
