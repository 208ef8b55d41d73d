import type pg from 'pg';

import type { CatalogueSnapshot } from '../src/catalog/catalogue-snapshot.ts';
import type { EpochMicros, InstantText } from '../src/domain/instant.ts';
import type { JournalPosition } from '../src/ledger/journal-position.ts';
import type { CloseCycleStep } from './close-cycle-steps.ts';

/** What billing needs of the meter: the functions of src/meter, bound to one connection. */
export interface BillingMeter {
  shardOf(tenant: string): number;
  /** Raises the gate and answers the fence behind which no event of the sealed period lies. */
  advanceGate(
    tenant: string,
    gate: { readonly version: number; readonly sealedMicros: EpochMicros },
  ): Promise<JournalPosition>;
  /** Where the shard stands now. */
  readFence(shard: number): Promise<JournalPosition>;
  /** Installs gate and counters from the ledger where they are void (another epoch); nothing else changes. */
  rebuildTenant(tenant: string): Promise<void>;
  readGateRecord(tenant: string): Promise<{ readonly isDirty: boolean } | undefined>;
  readCounters(tenant: string, accountingStart: InstantText): Promise<ReadonlyMap<string, string>>;
  /** Tells Redis that there is a newer catalogue, so that groups of an older one are refused from here on. */
  announceCatalogue(version: number): Promise<void>;
  clearDirty(tenant: string): Promise<void>;
  retireCounters(
    tenant: string,
    retirement: { readonly accountingStart: InstantText; readonly afterSeconds: number },
  ): Promise<void>;
}

/** What billing needs of draining. */
export interface BillingDrain {
  /** The barrier: returns when the ledger has reached the fence, and answers where it stands. */
  until(shard: number, fence: JournalPosition, timeoutMs: number): Promise<JournalPosition>;
}

/** A cycle to be started: the input of `closeCycle`. */
export interface CycleStart {
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly periodEnd: InstantText;
  readonly revision: number;
  readonly planKey: string | null;
  readonly sealAtMs: number;
}

/** What billing needs of Temporal itself. */
export interface BillingWorkflows {
  /** Starts a cycle. One that runs, or ran, under the same id counts as started. */
  startCycle(workflowId: string, start: CycleStart): Promise<void>;
  /** Tells a workflow to look again. Best effort: one that is not there, or cannot be reached, is no error. */
  poke(workflowId: string): Promise<void>;
}

/** What the activities of billing are given by the composition root. */
export interface BillingDeps {
  readonly pool: pg.Pool;
  /** Reads the catalogue anew: what a bill is made of must be what is committed now. */
  readonly readCatalogue: () => Promise<CatalogueSnapshot>;
  readonly meter: BillingMeter;
  readonly drain: BillingDrain;
  readonly workflows: BillingWorkflows;
  readonly clock: () => EpochMicros;
  /** Called after the effect of a step was committed and before it is reported: where crash tests kill the worker. */
  readonly afterEffect?: (step: CloseCycleStep) => Promise<void>;
  /** Told how many alerts were written, each time. */
  readonly onAlerts?: (count: number) => void;
}
