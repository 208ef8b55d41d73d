import type { FaultWorld, WorldOptions } from './fault-world.ts';
import type { LoadSize } from './load-plan.ts';
import type { Load } from './load.ts';

/** One round of a fault, while its load runs. */
export interface FaultRound {
  /** From 0. */
  readonly number: number;
  readonly load: Load;
  /** 0 ≤ number < 1, repeatable by the run's seed. */
  random(): number;
  /** Resolves when the load is somewhere in its middle third, at another place in every round. */
  untilUnderWay(): Promise<void>;
  /** Says that what was broken is whole again: from here the time to recover is measured. */
  healed(): void;
}

/** One way to break the stack. */
export interface Fault {
  /** In kebab case, for `--only`. */
  readonly name: string;
  /** What the table calls it. */
  readonly title: string;
  readonly rounds: number;
  /** What each round sends; the usual load by default. */
  readonly load?: LoadSize;
  readonly world?: () => WorldOptions;
  /** Where Redis itself loses data: what is missing must be named by an incident, and nothing else may be missing. */
  readonly losesData?: boolean;
  /** Kinds of incidents that belong to the fault, although nothing is lost. */
  readonly expectedIncidents?: readonly string[];
  /** Where an id may be forgotten and its event accepted again: the ledger then counts it once. */
  readonly mayAcceptAgain?: boolean;
  /** When a round counts as recovered: when batches are answered again (the default), or when the ledger has caught up. */
  readonly recoveredBy?: 'answers' | 'ledger';
  /** Where a sender may wait for longer than an answer may take, because nothing is there that could answer; says why. */
  readonly mayHang?: string;
  /** Why this machine cannot play it; undefined when it can. */
  readonly impossibleHere?: () => string | undefined;
  /** Breaks and heals the world while the round's load runs. What must not go on after the round ends before it resolves. */
  run(world: FaultWorld, round: FaultRound): Promise<void>;
}
