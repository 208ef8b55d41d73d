import { Redis } from 'ioredis';
import { Client } from 'pg';
import { compareLedger, lastIncident, type Comparison } from './compare.ts';
import type { Fault, FaultRound } from './fault.ts';
import { type FaultWorld, startFaultWorld, type Stores } from './fault-world.ts';
import { allTenants, EVENT_TYPE, limitFor, type LoadSize, planLoad, tenantsOf } from './load-plan.ts';
import { Load, type LoadResult } from './load.ts';
import { randomNumbers } from './random-numbers.ts';
import { settle } from './settle.ts';
import { type Disagreement, verify } from './verify.ts';

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

/** What a fault came to. */
export interface FaultReport {
  readonly name: string;
  readonly title: string;
  /** Why it could not be played on this machine; `null` when it was. */
  readonly skipped: string | null;
  readonly rounds: readonly RoundReport[];
  readonly failures: readonly string[];
  readonly seconds: number;
}

/** How a fault is to be played. */
export interface FaultRun {
  readonly rounds: number;
  readonly seed: number;
  /** Makes the stores of the fault's world; they are stopped by `close`. */
  readonly openStores: () => Promise<Stores & { close(): Promise<void> }>;
  readonly say: (line: string) => void;
  readonly nowMs: () => number;
}

const USUAL_LOAD: LoadSize = { events: 4_000, batchSize: 20, senders: 16, lastsMs: 2_500 };
/** Wanted by the product's promise: a 503 in time instead of a wait without end. */
const ANSWER_MAX_MS = 5_000;
const SEED_STEP = 7_919;
const OUTPUT_SHOWN_CHARACTERS = 3_000;
/** Not now, so that it is not early for a clock that lags by a moment. */
const LAST_EVENT_AGO_MS = 5_000;

/** Plays a fault: a world of its own, then its rounds one after the other. */
export async function runFault(fault: Fault, run: FaultRun): Promise<FaultReport> {
  const startedAt = performance.now();
  const skipped = fault.impossibleHere?.() ?? null;
  const rounds: RoundReport[] = [];
  let chain: Disagreement;
  if (skipped === null) {
    const size = fault.load ?? USUAL_LOAD;
    const stores = await run.openStores();
    try {
      const world = await startFaultWorld({
        stores,
        rounds: run.rounds,
        limit: limitFor(size),
        random: randomNumbers(run.seed),
        options: fault.world?.() ?? {},
        nowMs: run.nowMs(),
      });
      try {
        for (let number = 0; number < run.rounds; number += 1) {
          const report = await playRound({ fault, world, size, number, run });
          run.say(`${fault.name} ${number + 1}/${run.rounds}: ${describeRound(report)}`);
          if (failuresOf(fault, report).length > 0) sayWhatProgramsSaid(world, run.say);
          rounds.push(report);
        }
        chain = await verify(world, 'ledger');
      } finally {
        await world.close();
      }
    } finally {
      await stores.close();
    }
  }
  const failures = [...rounds.flatMap((round) => failuresOf(fault, round)), ...(chain === undefined ? [] : [chain])];
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  return { name: fault.name, title: fault.title, skipped, rounds, failures, seconds };
}

interface RoundSettings {
  readonly fault: Fault;
  readonly world: FaultWorld;
  readonly size: LoadSize;
  readonly number: number;
  readonly run: FaultRun;
}

async function playRound({ fault, world, size, number, run }: RoundSettings): Promise<RoundReport> {
  const seed = run.seed + number * SEED_STEP;
  const random = randomNumbers(seed);
  const database = new Client({ connectionString: world.databaseUrl });
  const redis = new Redis(world.redis.url);
  // Both are broken on purpose while they are open here.
  redis.on('error', () => undefined);
  try {
    const sinceIncident = await readSafely(world.databaseUrl, lastIncident);
    const load = new Load(world, planLoad(number, size, seed, run.nowMs()), size);
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
    const [result] = await Promise.all([loading, fault.run(world, round)]);
    const closing = await closeRound(world, number, run.nowMs());
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

function sayWhatProgramsSaid({ apis, worker }: FaultWorld, say: (line: string) => void): void {
  for (const program of [...apis, worker]) {
    say(
      `${program.file}${program.isRunning ? '' : ' (has ended)'} said last:\n${program.output().slice(-OUTPUT_SHOWN_CHARACTERS)}`,
    );
  }
}

function failuresOf(fault: Fault, round: RoundReport): string[] {
  const place = `round ${round.round + 1}: `;
  const failures: string[] = [];
  const must = (holds: boolean, what: string): void => void (holds || failures.push(place + what));
  must(round.lost === 0, `${round.lost} acknowledged events are lost: ${round.examples.join(', ')}`);
  must(round.doubled === 0, `${round.doubled} rows too many: ${round.examples.join(', ')}`);
  must(round.rollupsOff === 0, `the rollups are ${round.rollupsOff} units off`);
  must(round.limitExceededBy === 0, `the limit is exceeded by ${round.limitExceededBy}`);
  must(round.unanswered === 0, `${round.unanswered} events never got an answer`);
  must(round.surprises.length === 0, `unexpected answers: ${round.surprises.join('; ')}`);
  must(round.unsettled === null, `the ledger did not catch up: ${round.unsettled}`);
  must(round.counters === null, `${round.counters}`);
  must(fault.losesData === true || round.incidents.length === 0, `unexpected incidents: ${round.incidents.join(', ')}`);
  must(fault.losesData === true || round.acceptedAgain === 0, `${round.acceptedAgain} events were accepted twice`);
  const isInTime = fault.mayHang !== undefined || round.longestAnswerMs <= ANSWER_MAX_MS;
  must(isInTime, `an answer took ${round.longestAnswerMs} ms`);
  return failures;
}

function describeRound(round: RoundReport): string {
  const recovery = round.recoveryMs === null ? '' : `, recovered in ${round.recoveryMs} ms`;
  const incidents =
    round.incidents.length === 0 ? '' : `, incidents ${round.incidents.join(' ')} naming ${round.named}`;
  return (
    `${round.acknowledged} acknowledged, ${round.refused} refused, lost ${round.lost}, doubled ${round.doubled}, ` +
    `503s ${round.unavailable}, cut off ${round.cutOff}, longest answer ${round.longestAnswerMs} ms${recovery}${incidents}` +
    (round.unsettled === null ? '' : `, UNSETTLED ${round.unsettled}`)
  );
}
