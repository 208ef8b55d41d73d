import type { BillingDeps } from '../../activities/billing-deps.ts';
import { readCatalogue } from '../../src/catalog/read-catalogue.ts';
import { drainUntil } from '../../src/journal/drain-until.ts';
import { advanceCatalogue, advanceGate, clearDirty } from '../../src/meter/advance-gate.ts';
import { readCounters, readFence, readGateRecord, retireCounters } from '../../src/meter/read-counters.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import type { IngestStack } from '../ingest/ingest-stack.ts';

/** What a test puts in place of the real thing. */
export type ReplacedDeps = Partial<Pick<BillingDeps, 'readCatalogue' | 'onAlerts'>> &
  Partial<Pick<BillingDeps['meter'], 'readCounters'>>;

/** The dependencies of billing's activities on the stores of an ingest stack of one shard, without Temporal. */
export function billingDeps(stack: IngestStack, replaced: ReplacedDeps = {}): BillingDeps {
  const { meter, pool, drainContext, service } = stack;
  return {
    pool,
    readCatalogue: replaced.readCatalogue ?? (() => readCatalogue(pool)),
    meter: {
      shardOf: () => 0,
      advanceGate: (tenant, gate) => advanceGate(meter, tenant, gate),
      readFence: (shard) => readFence(meter, shard),
      rebuildTenant: (tenant) => rebuildTenant(meter, tenant),
      readGateRecord: (tenant) => readGateRecord(meter, tenant),
      readCounters:
        replaced.readCounters ?? ((tenant, accountingStart) => readCounters(meter, tenant, accountingStart)),
      announceCatalogue: (version) => advanceCatalogue(meter, version),
      clearDirty: (tenant) => clearDirty(meter, tenant),
      retireCounters: (tenant, retirement) => retireCounters(meter, tenant, retirement),
    },
    drain: { until: (shard, fence, timeoutMs) => drainUntil(drainContext(shard), fence, { timeoutMs }) },
    workflows: { startCycle: () => Promise.resolve(), poke: () => Promise.resolve() },
    clock: service.clock,
    ...(replaced.onAlerts === undefined ? {} : { onAlerts: replaced.onAlerts }),
  };
}
