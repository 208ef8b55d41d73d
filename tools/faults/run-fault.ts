import { describeRound, failuresOf } from './judge-round.ts';
import type { Fault } from './fault.ts';
import { type FaultWorld, startFaultWorld, type Stores } from './fault-world.ts';
import { limitFor, type LoadSize } from './load-plan.ts';
import { playRound, type RoundReport } from './play-round.ts';
import { randomNumbers } from './random-numbers.ts';
import { type Disagreement, verify } from './verify.ts';

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
  /** Told how to take down what was started, for a run that is broken off; newest last. */
  readonly onStarted?: (close: () => Promise<void>) => void;
  readonly nowMs: () => number;
}

const USUAL_LOAD: LoadSize = { events: 4_000, batchSize: 20, senders: 16, lastsMs: 2_500 };
const OUTPUT_SHOWN_CHARACTERS = 3_000;

/** Plays a fault: a world of its own, then its rounds one after the other. */
export async function runFault(fault: Fault, run: FaultRun): Promise<FaultReport> {
  const startedAt = performance.now();
  const skipped = fault.impossibleHere?.() ?? null;
  const rounds: RoundReport[] = [];
  let chain: Disagreement;
  if (skipped === null) {
    const size = fault.load ?? USUAL_LOAD;
    const stores = await run.openStores();
    run.onStarted?.(() => stores.close());
    try {
      const world = await startFaultWorld({
        stores,
        rounds: run.rounds,
        limit: limitFor(size),
        random: randomNumbers(run.seed),
        options: fault.world?.() ?? {},
        nowMs: run.nowMs(),
      });
      run.onStarted?.(() => world.close());
      try {
        for (let number = 0; number < run.rounds; number += 1) {
          const report = await playRound({ fault, world, size, number, seed: run.seed, nowMs: run.nowMs });
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

function sayWhatProgramsSaid({ apis, worker }: FaultWorld, say: (line: string) => void): void {
  for (const program of [...apis, worker]) {
    say(
      `${program.file}${program.isRunning ? '' : ' (has ended)'} said last:\n${program.output().slice(-OUTPUT_SHOWN_CHARACTERS)}`,
    );
  }
}
