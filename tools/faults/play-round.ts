import { Client } from 'pg';
import { type MeterConnection, openMeterConnection } from '../../src/meter/meter-connection.ts';
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
  /** Of any status, or until a sender gave up. */
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
  // It is broken on purpose while it is open here.
  const redis = openMeterConnection(world.redisUrl, () => undefined);
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
    await database.connect();
    const { closing, unsettled, settledAt } = await closeRound({ redis, database, ...settings });
    const recoveredAt = fault.recoveredBy === 'ledger' ? settledAt : load.firstAnswerAfter(healedAt ?? 0);
    const all = closing.reduce(withClosing, result);
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
      longestAnswerMs: all.longestWaitMs,
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

/** Rounds end with so many events of each tenant. */
const LAST_EVENTS = ['last-but-one', 'last'] as const;

/** How many events a round sends besides its load. */
export const LAST_EVENTS_OF_A_ROUND = LAST_EVENTS.length * allTenants(tenantsOf(0)).length;

/**
 * One more event for each tenant, twice, each until the ledger has everything: every shard is asked again after the fault, and once
 * more after the drain has seen what became of it, whatever the load came to.
 */
async function closeRound({
  redis,
  database,
  world,
  number,
  nowMs,
}: RoundSettings & { readonly redis: MeterConnection; readonly database: Client }): Promise<{
  closing: LoadResult[];
  unsettled: string | undefined;
  /** When the ledger had everything for the first time. */
  settledAt: number;
}> {
  const closing: LoadResult[] = [];
  let unsettled: string | undefined;
  let settledAt: number | undefined;
  for (const id of LAST_EVENTS) {
    const occurredAt = new Date(nowMs() - LAST_EVENT_AGO_MS).toISOString();
    const events = allTenants(tenantsOf(number)).map((tenant) => ({
      id,
      tenant,
      type: EVENT_TYPE,
      occurredAt,
      quantity: 1,
    }));
    closing.push(await new Load(world, [events], { senders: 1 }).run());
    unsettled = await settle(redis, database);
    settledAt ??= performance.now();
  }
  return { closing, unsettled, settledAt: settledAt ?? performance.now() };
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
    longestWaitMs: Math.max(result.longestWaitMs, closing.longestWaitMs),
    surprises: [...new Set([...result.surprises, ...closing.surprises])],
  };
}
