import type pg from 'pg';

import type { CatalogueCache } from '../catalog/catalogue-cache.ts';
import type { TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { EARLY_TOLERANCE_MINUTES } from '../domain/event.ts';
import { MICROS_PER_MINUTE } from '../domain/instant.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { periodAt } from '../domain/period.ts';
import { inTransaction } from '../ledger/database.ts';
import { ensurePeriods } from '../ledger/periods.ts';

const PAUSE_MS = 20_000;
const TENANTS_PER_ROUND_MAX = 1_000;
const CALLS_MAX = 20;
/** The last period made must begin later than the earliest instant that ingest refuses, with some rounds to spare. */
const LEAD_MICROS = (EARLY_TOLERANCE_MINUTES + 2) * MICROS_PER_MINUTE;

/** What the keeper works with. `onError` is told what a round could not do; the next one tries again. */
export interface PeriodKeeperOptions {
  readonly pool: pg.Pool;
  readonly catalogue: CatalogueCache;
  readonly clock: () => EpochMicros;
  readonly onError: (error: unknown) => void;
}

/** Makes one tenant's periods (and the ledger's partitions) through an instant. Idempotent; any process may do it. */
export async function extendPeriods(pool: pg.Pool, entry: TenantEntry, throughMicros: EpochMicros): Promise<void> {
  for (let call = 0; call < CALLS_MAX; call += 1) {
    const { complete } = await inTransaction(pool, (client) =>
      ensurePeriods(client, entry.tenant.id, entry.calendar, throughMicros),
    );
    if (complete) return;
  }
}

/** Tenants whose newest period begins so soon that the one after it has to be made. */
function dueTenants({ catalogue, clock }: PeriodKeeperOptions): TenantEntry[] {
  const horizon = clock() + LEAD_MICROS;
  return [...catalogue.current().tenants.values()]
    .filter(({ calendar, endsAtMicros, periodsThroughMicros }) => {
      if (periodsThroughMicros === endsAtMicros) return false;
      const last = periodAt(calendar, periodsThroughMicros - 1);
      return last === undefined || last.startMicros <= horizon;
    })
    .slice(0, TENANTS_PER_ROUND_MAX);
}

/**
 * Makes every tenant's periods ahead of the events that need them, every twenty seconds, so that ingest depends neither on a
 * worker nor on Temporal. Answers how to stop it; the round that runs is waited for.
 */
export function startPeriodKeeper(options: PeriodKeeperOptions): { stop(): Promise<void> } {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();
  const runRound = async (): Promise<void> => {
    const due = dueTenants(options);
    for (const entry of due) {
      if (isStopped) return;
      await extendPeriods(options.pool, entry, options.clock());
    }
    if (due.length > 0) await options.catalogue.reload();
  };
  const tick = (): void => {
    round = runRound()
      .catch(options.onError)
      .finally(() => {
        if (!isStopped) timer = setTimeout(tick, PAUSE_MS).unref();
      });
  };
  tick();
  return {
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await round;
    },
  };
}
