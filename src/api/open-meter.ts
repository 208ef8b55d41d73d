import type pg from 'pg';

import type { Config } from '../config.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { DrainContext } from '../journal/drain-context.ts';
import { createLedgerForMeter } from '../journal/ledger-for-meter.ts';
import { defineCommands } from '../meter/commands.ts';
import { journalKey } from '../meter/keys.ts';
import { type MeterConnection, nodesOf, waitForConnection } from '../meter/meter-connection.ts';
import { MeterUnavailableError } from '../meter/meter-errors.ts';
import { readCounters, readGateRecord } from '../meter/read-counters.ts';
import { checkRedisProfile } from '../meter/redis-profile.ts';
import { createMeterTrim } from '../meter/trim-journal.ts';
import { createUsageMeter } from '../meter/usage-meter.ts';
import type { UsageMeter } from '../meter/usage-meter.ts';
import { forgetEpoch } from '../meter/verify-incarnation.ts';
import type { ProgramMetrics } from '../metrics/program-metrics.ts';
import type { LiveCounters } from './live-counters.ts';

type MeterSettings = Pick<
  Config,
  'shardCount' | 'dedupWindowSeconds' | 'journalRetention' | 'profile' | 'redisAttested'
>;

/**
 * The meter on one connection, with the ledger and the drain behind it: what a new incarnation and a rebuild need.
 *
 * @param observers told what the meter and its drains do
 */
export function openMeter(
  settings: MeterSettings,
  redis: MeterConnection,
  pool: pg.Pool,
  clock: () => EpochMicros,
  observers?: Pick<ProgramMetrics, 'meterObserver' | 'drainObserver'>,
): UsageMeter {
  const trim = createMeterTrim(
    { redis: defineCommands(redis) },
    { retention: settings.journalRetention, onClosed: (shard) => forgetEpoch(meter, shard) },
  );
  const drainContext = (shard: number): DrainContext => {
    return { redis, pool, shard, journalKey: journalKey(shard), trim, clock, observer: observers?.drainObserver };
  };
  const { shardCount, dedupWindowSeconds, profile, redisAttested } = settings;
  const meter = createUsageMeter({
    redis,
    ledger: createLedgerForMeter({ pool, clock, drainContext }),
    shardCount,
    dedupWindowSeconds,
    profile,
    redisAttested,
    observer: observers?.meterObserver,
  });
  return meter;
}

/** How long the start waits for a Redis that is still coming up. */
const REDIS_WAIT_MS = 3_000;

/**
 * Refuses to start the durable profile on a Redis that could lose what it acknowledged. One that is away is no reason: its
 * settings are checked with every incarnation, before the first event is taken.
 *
 * @throws RedisProfileError naming every setting that is wrong, and the line that mends it
 */
export async function refuseLossyRedis(settings: MeterSettings, redis: MeterConnection): Promise<void> {
  if (settings.profile !== 'durable') return;
  try {
    await waitForConnection(redis, REDIS_WAIT_MS);
    for (const node of nodesOf(redis)) await checkRedisProfile(node, settings.redisAttested);
  } catch (error) {
    if (!(error instanceof MeterUnavailableError)) throw error;
  }
}

/** Reads live counters; while Redis is away or a tenant's counters are void, the ledger has to answer alone. */
export function createLiveCounters(meter: UsageMeter): LiveCounters {
  return async (tenant, periodStart) => {
    try {
      if ((await readGateRecord(meter, tenant)) === undefined) return undefined;
      const counters = await readCounters(meter, tenant, periodStart);
      // None at all may mean that they were deleted: the gate says so after they were read.
      if (counters.size === 0 && (await readGateRecord(meter, tenant)) === undefined) return undefined;
      return counters;
    } catch (error) {
      if (error instanceof MeterUnavailableError) return undefined;
      throw error;
    }
  };
}
