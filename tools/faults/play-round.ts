import { Redis } from 'ioredis';
import { Client } from 'pg';
import { compareLedger, lastIncident, type Comparison } from './compare.ts';
import type { Fault, FaultRound } from './fault.ts';
import type { FaultWorld } from './fault-world.ts';
import { allTenants, EVENT_TYPE, type LoadSize, planLoad, tenantsOf } from './load-plan.ts';
import { Load, type LoadResult } from './load.ts';
import { randomNumbers } from './random-numbers.ts';
import { settle } from './settle.ts';
import { verify } from './verify.ts';

/** What one round came to. */
export interface RoundReport extends Comparison {
  readonly round: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly acceptedAgain: number;
  readonly unavailable: number;
  readonly cutOff: number;
  readonly longestAnswerMs: number;
  /** Answers other than 200 and 503. */
  readonly surprises: readonly string[];
  /** `null` where the fault ends with its load. */
  readonly recoveryMs: number | null;
  /** Why not everything accepted came into the ledger in time; `null` when it did. */
  readonly unsettled: string | null;
  /** What `tollkeeper verify counters` found; `null` when everything agreed. */
  readonly counters: string | null;
}

const SEED_STEP = 7_919;
/** Not now, so that it is not early for a clock that lags by a moment. */
const LAST_EVENT_AGO_MS = 5_000;

/** What a round is played with. */
export interface RoundSettings {
  readonly fault: Fault;
  readonly world: FaultWorld;
  readonly size: LoadSize;
  readonly number: number;
  readonly seed: number;
  readonly nowMs: () => number;
}

/** Loads the world, breaks and heals it, waits until the ledger has everything, and compares. */
export async function playRound(settings: RoundSettings): Promise<RoundReport> {
  const { fault, world, size, number, nowMs } = settings;
  const seed = settings.seed + number * SEED_STEP;
  const random = randomNumbers(seed);
  const database = new Client({ connectionString: world.databaseUrl });
  const redis = new Redis(world.redis.url);
  // Both are broken on purpose while they are open here.
  redis.on('error', () => undefined);
  try {
    const sinceIncident = await readSafely(world.databaseUrl, lastIncident);
    const load = new Load(world, planLoad(number, size, seed, nowMs()), size);
    let healedAt: number | undefined;
    const round: FaultRound = {
      number,
      load,
      random,
      untilUnderWay: () => load.reached((1 + random()) / 3),
      healed: () => {
        healedAt = performance.now();
      },
    };
    const loading = load.run();
    const [result] = await Promise.all([loading, fault.run(world, round)]).finally(() => load.abandon());
    const closing = await closeRound(world, number, nowMs());
    await database.connect();
    const unsettled = await settle(redis, database);
    const recoveredAt = fault.recoveredBy === 'ledger' ? performance.now() : load.firstAnswerAfter(healedAt ?? 0);
    const all = withClosing(result, closing);
    const tenants = tenantsOf(number);
    const comparison = await compareLedger(database, { tenants, limit: world.limit, result: all, sinceIncident });
    return {
      round: number,
      ...comparison,
      refused: all.refused.size,
      unanswered: all.unanswered.size,
      acceptedAgain: all.acceptedAgain,
      unavailable: all.unavailable,
      cutOff: all.cutOff,
      longestAnswerMs: all.longestAnswerMs,
      surprises: all.surprises,
      recoveryMs: healedAt === undefined || recoveredAt === undefined ? null : Math.round(recoveredAt - healedAt),
      unsettled: unsettled ?? null,
      counters: (await verify(world, 'counters')) ?? null,
    };
  } finally {
    redis.disconnect();
    await database.end().catch(() => undefined);
  }
}

async function readSafely<T>(databaseUrl: string, read: (database: Client) => Promise<T>): Promise<T> {
  const database = new Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    return await read(database);
  } finally {
    await database.end();
  }
}

/** One more event for each tenant: every shard is asked again after the fault, whatever the load came to. */
async function closeRound(world: FaultWorld, number: number, nowMs: number): Promise<LoadResult> {
  const events = allTenants(tenantsOf(number)).map((tenant) => ({
    id: 'last',
    tenant,
    type: EVENT_TYPE,
    occurredAt: new Date(nowMs - LAST_EVENT_AGO_MS).toISOString(),
    quantity: 1,
  }));
  return new Load(world, [events], { senders: 1 }).run();
}

function withClosing(result: LoadResult, closing: LoadResult): LoadResult {
  return {
    acknowledged: new Map([...result.acknowledged, ...closing.acknowledged]),
    refused: new Map([...result.refused, ...closing.refused]),
    unanswered: new Set([...result.unanswered, ...closing.unanswered]),
    acceptedAgain: result.acceptedAgain + closing.acceptedAgain,
    unavailable: result.unavailable + closing.unavailable,
    cutOff: result.cutOff + closing.cutOff,
    givenUp: result.givenUp + closing.givenUp,
    longestAnswerMs: Math.max(result.longestAnswerMs, closing.longestAnswerMs),
    surprises: [...new Set([...result.surprises, ...closing.surprises])],
  };
}
