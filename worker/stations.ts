import type pg from 'pg';

import type { BillingDrain, BillingMeter } from '../activities/billing-deps.ts';
import type { JournalDeps } from '../activities/journal-activities.ts';
import type { Config } from '../src/config.ts';
import type { EpochMicros } from '../src/domain/instant.ts';
import type { DrainContext } from '../src/journal/drain-context.ts';
import { drainUntil } from '../src/journal/drain-until.ts';
import { JournalDrain } from '../src/journal/journal-drain.ts';
import { createLedgerForMeter } from '../src/journal/ledger-for-meter.ts';
import { advanceCatalogue, advanceGate, clearDirty } from '../src/meter/advance-gate.ts';
import { ClosedShards } from '../src/meter/closed-shards.ts';
import { defineCommands } from '../src/meter/commands.ts';
import { journalKey, shardOf } from '../src/meter/keys.ts';
import { readCounters, readFence, readGateRecord, retireCounters } from '../src/meter/read-counters.ts';
import { rebuildTenant } from '../src/meter/rebuild-tenant.ts';
import { openMeterConnection, waitForConnection } from '../src/meter/meter-connection.ts';
import { createMeterTrim } from '../src/meter/trim-journal.ts';
import { createUsageMeter, type UsageMeter } from '../src/meter/usage-meter.ts';
import { forgetEpoch, verifiedEpoch } from '../src/meter/verify-incarnation.ts';
import type { ProgramMetrics } from '../src/metrics/program-metrics.ts';
import { EntryWatch } from './entry-watch.ts';

const REDIS_READY_MS = 10_000;

/** The meter and the drain as the activities need them, on connections of their own. */
export interface Stations {
  readonly meter: BillingMeter;
  readonly drain: BillingDrain;
  readonly journal: JournalDeps;
  close(): void;
}

/** Opens the connections to Redis and puts the stations on them together. Rejects when Redis does not answer. */
export async function openStations(
  config: Config,
  pool: pg.Pool,
  clock: () => EpochMicros,
  observers: Pick<ProgramMetrics, 'meterObserver' | 'drainObserver'>,
  onRedisError: (error: Error) => void,
): Promise<Stations> {
  const redis = openMeterConnection(config.redisUrl, onRedisError);
  const watches = Array.from(
    { length: config.shardCount },
    (_, shard) => new EntryWatch(redis, journalKey(shard), onRedisError),
  );
  await waitForConnection(redis, REDIS_READY_MS);
  const trim = createMeterTrim(
    { redis: defineCommands(redis) },
    { retention: config.journalRetention, onClosed: (shard) => forgetEpoch(meter, shard) },
  );
  const drainContext = (shard: number): DrainContext => ({
    redis,
    pool,
    shard,
    trim,
    clock,
    journalKey: journalKey(shard),
    observer: observers.drainObserver,
  });
  const ledger = createLedgerForMeter({ pool, clock, drainContext });
  const meter = createUsageMeter({ ...config, redis, ledger, observer: observers.meterObserver });
  const closedShards = new ClosedShards(meter);
  const drains = watches.map((_watch, shard) => new JournalDrain(drainContext(shard)));
  return {
    meter: bindMeter(meter),
    drain: { until: (shard, fence, timeoutMs) => drainUntil(drainContext(shard), fence, { timeoutMs }) },
    journal: {
      drainOnce: async (shard) => {
        // A Redis that lost its data must be given its epoch before what it says is taken for the journal.
        await verifiedEpoch(meter, shard);
        const drain = drains[shard];
        if (drain === undefined) throw new RangeError(`there is no shard ${shard}`);
        const result = await drain.next();
        if (!result.backlog) await closedShards.look(shard);
        return result;
      },
      waitForEntries: async (shard, after, timeoutMs) => watches[shard]?.wait(after, timeoutMs),
      elapsedMs: () => performance.now(),
    },
    close: () => {
      redis.disconnect();
      for (const watch of watches) watch.close();
    },
  };
}

function bindMeter(meter: UsageMeter): BillingMeter {
  return {
    shardOf: (tenant) => shardOf(tenant, meter.shardCount),
    advanceGate: (tenant, gate) => advanceGate(meter, tenant, gate),
    readFence: (shard) => readFence(meter, shard),
    rebuildTenant: (tenant) => rebuildTenant(meter, tenant),
    readGateRecord: (tenant) => readGateRecord(meter, tenant),
    readCounters: (tenant, accountingStart) => readCounters(meter, tenant, accountingStart),
    announceCatalogue: (version) => advanceCatalogue(meter, version),
    clearDirty: (tenant) => clearDirty(meter, tenant),
    retireCounters: (tenant, retirement) => retireCounters(meter, tenant, retirement),
  };
}
