import type { Pool } from 'pg';

import { MICROS_PER_HOUR, MICROS_PER_SECOND, type EpochMicros } from '../src/domain/instant.ts';
import { closeCycleId, tenantBillingId } from '../src/domain/workflow-names.ts';
import { markOverdue } from '../src/invoice/mark-overdue.ts';
import { type CycleKey, overdueTenants, billedTenants, stalledCycles } from '../src/ledger/billing-cycles.ts';
import { tenantsWithoutCheckpoint } from '../src/ledger/checkpoints.ts';
import { inTransaction } from '../src/ledger/database.ts';
import type { WorkflowStarter } from './billing-workflows.ts';

/** What the sweep works with. */
export interface SweepDeps {
  readonly db: Pool;
  readonly workflows: WorkflowStarter;
  readonly shardCount: number;
  readonly clock: () => EpochMicros;
  /** Starts the workflow of a cycle whose row is there. */
  readonly startCycleWorkflow: (cycle: CycleKey) => Promise<void>;
  /** Whether a tenant has usage that no checkpoint has seen. */
  readonly hasUnseenUsage: (tenant: string) => Promise<boolean>;
  /** Told what one round could not do; the next round tries again. */
  readonly onError: (error: unknown) => void;
}

const ROUND_MS = 15_000;
/** A cycle or a tenant that has not moved for so long is looked at. */
const STALLED_MICROS = 60 * MICROS_PER_SECOND;
/** After so many rounds every start is repeated, in case the Temporal server was replaced by an empty one. */
const ROUNDS_UNTIL_FORGOTTEN = 40;
const TENANT_PAGES_MAX = 1_000;
/** Busy tenants are checkpointed once a day at least: whoever has usage and no checkpoint for longer has missed a poke. */
const UNSEEN_MICROS = 25 * MICROS_PER_HOUR;
/** Every five minutes: idle tenants are many, and each is asked for in Redis. */
const ROUNDS_UNTIL_UNSEEN = 20;
const GATES_AT_ONCE_MAX = 50;
/** In one transaction, and how many of those in a round: the next round takes the rest. */
const OVERDUE_BATCH = 100;
const OVERDUE_BATCHES_MAX = 50;

/**
 * Makes sure that what should run does run: a drain for every shard, a billing for every tenant, a workflow for every cycle that
 * was written down; and moves invoices past their due date to `overdue`. Everything it does is idempotent. It makes up for a Temporal server that was away when a tenant was made
 * or a poke was sent; nothing depends on it being quick.
 */
export class Sweep {
  readonly #deps: SweepDeps;
  /** Tenants known to have been started, so that a round costs one query and not one call for each tenant. */
  readonly #started = new Set<string>();
  #rounds = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: SweepDeps) {
    this.#deps = deps;
  }

  /** Runs a round now and then every fifteen seconds. Resolves after the first. */
  async start(): Promise<void> {
    await this.#round();
    this.#schedule();
  }

  /** Ends it, and waits for a round that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#round().finally(() => this.#schedule());
    }, ROUND_MS);
  }

  async #round(): Promise<void> {
    if (this.#rounds % ROUNDS_UNTIL_FORGOTTEN === 0) this.#started.clear();
    const looksForUnseen = this.#rounds % ROUNDS_UNTIL_UNSEEN === 0;
    this.#rounds += 1;
    await this.#attempt(() => this.#startDrains());
    await this.#attempt(() => this.#startTenants());
    await this.#attempt(() => this.#pokeOverdue());
    await this.#attempt(() => this.#startStalledCycles());
    if (looksForUnseen) await this.#attempt(() => this.#pokeUnseen());
    await this.#attempt(() => this.#markOverdueInvoices());
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    if (this.#isStopped) return;
    try {
      await work();
    } catch (error) {
      this.#deps.onError(error);
    }
  }

  async #startDrains(): Promise<void> {
    for (let shard = 0; shard < this.#deps.shardCount; shard += 1) await this.#deps.workflows.startDrain(shard);
  }

  async #startTenants(): Promise<void> {
    let after = '';
    for (let page = 0; page < TENANT_PAGES_MAX && !this.#isStopped; page += 1) {
      const { tenants, isLast } = await billedTenants(this.#deps.db, after);
      for (const tenant of tenants.filter((id) => !this.#started.has(id))) {
        await this.#deps.workflows.startTenantBilling(tenant);
        this.#started.add(tenant);
      }
      if (isLast) return;
      after = tenants.at(-1) ?? after;
    }
  }

  /** Their billing should have started a cycle by now: it may have ended, or wait for a poke that was lost. */
  async #pokeOverdue(): Promise<void> {
    for (const tenant of await overdueTenants(this.#deps.db, this.#deps.clock() - STALLED_MICROS)) {
      await this.#deps.workflows.startTenantBilling(tenant);
      await this.#deps.workflows.poke(tenantBillingId(tenant));
    }
  }

  /** An idle tenant sleeps until its first usage pokes it: when that was lost, so would its checkpoints be, and their alerts. */
  async #pokeUnseen(): Promise<void> {
    let after = '';
    for (let page = 0; page < TENANT_PAGES_MAX && !this.#isStopped; page += 1) {
      const since = this.#deps.clock() - UNSEEN_MICROS;
      const { tenants, isLast } = await tenantsWithoutCheckpoint(this.#deps.db, since, after);
      for (let start = 0; start < tenants.length; start += GATES_AT_ONCE_MAX) {
        await Promise.all(tenants.slice(start, start + GATES_AT_ONCE_MAX).map((tenant) => this.#pokeIfUnseen(tenant)));
      }
      if (isLast) return;
      after = tenants.at(-1) ?? after;
    }
  }

  async #pokeIfUnseen(tenant: string): Promise<void> {
    if (await this.#deps.hasUnseenUsage(tenant)) await this.#deps.workflows.poke(tenantBillingId(tenant));
  }

  async #startStalledCycles(): Promise<void> {
    for (const cycle of await stalledCycles(this.#deps.db, this.#deps.clock() - STALLED_MICROS)) {
      await this.#deps.startCycleWorkflow(cycle);
      await this.#deps.workflows.poke(closeCycleId(cycle.tenant, cycle.periodStart, cycle.revision));
    }
  }

  async #markOverdueInvoices(): Promise<void> {
    const due = { at: this.#deps.clock(), limit: OVERDUE_BATCH };
    for (let batch = 0; batch < OVERDUE_BATCHES_MAX && !this.#isStopped; batch += 1) {
      const moved = await inTransaction(this.#deps.db, (client) => markOverdue(client, due));
      if (moved.length < OVERDUE_BATCH) return;
    }
  }
}
