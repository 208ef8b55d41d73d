import { Redis } from 'ioredis';

import { canonicalJson } from '../../src/domain/canonical.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { contentDigest, idDigest } from '../../src/meter/digests.ts';
import { shardOf } from '../../src/meter/keys.ts';
import type { Incarnation, MeterIncident, MeterLedger, TenantState } from '../../src/meter/meter-ledger.ts';
import { waitForConnection } from '../../src/meter/meter-connection.ts';
import { openMeterRedis } from '../../src/meter/redis-connection.ts';
import type { GroupBound, GroupEvent, GroupReading, RefusedEvent, UsageGroup } from '../../src/meter/usage-group.ts';
import { createUsageMeter, type UsageMeter } from '../../src/meter/usage-meter.ts';
import { createTestRedis } from '../support/test-redis.ts';

/** A ledger of one test's own: positions, incidents and tenants in memory. Nothing is ever drained unless a test says so. */
export class MemoryLedger implements MeterLedger {
  readonly positions = new Map<number, { epoch: number; sequence: number; incarnation: Incarnation }>();
  readonly incidents: MeterIncident[] = [];
  readonly tenants = new Map<string, TenantState>();
  readonly drained = new Map<number, number>();
  /** Called by drains; a test that has a journal to drain replaces it. */
  onDrain: (shard: number) => Promise<void> = () => Promise.resolve();
  drains = 0;

  readPosition(shard: number): Promise<{ epoch: number; sequence: number; incarnation: Incarnation }> {
    const start = { epoch: 0, sequence: 0, incarnation: { runId: '', replicationId: '' } };
    return Promise.resolve(this.positions.get(shard) ?? start);
  }

  async drainShard(shard: number): Promise<void> {
    this.drains += 1;
    await this.onDrain(shard);
  }

  async beginEpoch(
    shard: number,
    next: { afterEpoch: number; incarnation: Incarnation },
  ): Promise<{ epoch: number; sequence: number; incarnation: Incarnation }> {
    const row = await this.readPosition(shard);
    if (row.epoch > next.afterEpoch) return row;
    const epoch = next.afterEpoch + 1;
    const position = { epoch, sequence: row.sequence, incarnation: next.incarnation };
    this.positions.set(shard, position);
    return position;
  }

  lastDrained(_shard: number, epoch: number): Promise<number> {
    return Promise.resolve(this.drained.get(epoch) ?? 0);
  }

  recordIncident(incident: MeterIncident): Promise<void> {
    this.incidents.push(incident);
    return Promise.resolve();
  }

  readTenantState(tenant: string): Promise<TenantState | undefined> {
    return Promise.resolve(this.tenants.get(tenant));
  }
}

/** A meter on a Redis of the test's own, with a ledger in memory. */
export interface MeterBench {
  readonly meter: UsageMeter;
  readonly ledger: MemoryLedger;
  /** A plain connection to look behind the meter. */
  readonly redis: Redis;
  readonly redisUrl: string;
  close(): Promise<void>;
}

export async function createMeterBench(options: { shardCount?: number; redisUrl?: string } = {}): Promise<MeterBench> {
  const testRedis = options.redisUrl === undefined ? await createTestRedis() : undefined;
  const redisUrl = options.redisUrl ?? testRedis?.redisUrl ?? '';
  const connection = openMeterRedis(redisUrl, () => undefined);
  await waitForConnection(connection, 5_000);
  const ledger = new MemoryLedger();
  const meter = createUsageMeter({
    redis: connection,
    ledger,
    shardCount: options.shardCount ?? 1,
    dedupWindowSeconds: 86_400,
    profile: 'durable',
    redisAttested: false,
  });
  const redis = new Redis(redisUrl);
  redis.on('error', () => undefined);
  return {
    meter,
    ledger,
    redis,
    redisUrl,
    close: async () => {
      connection.disconnect();
      redis.disconnect();
      await testRedis?.drop();
    },
  };
}

export const PERIOD = '2026-11-01T00:00:00Z';
export const SECRET = Buffer.alloc(32, 7);
const AT = requireInstant('2026-11-20T10:00:00Z');

/** One event for `buildGroup`: what a test cares about, the rest is filled in. */
export interface EventSketch {
  readonly id: string;
  readonly tenant?: string;
  /** Scaled by 0: whole units per meter; `calls` by default. */
  readonly usage?: Readonly<Record<string, number>>;
  /** A hard limit on each of its meters in the period. */
  readonly limit?: number;
  /** Further bounds on each of its meters. */
  readonly bounds?: readonly GroupBound[];
  readonly verdict?: RefusedEvent['verdict'];
  readonly content?: string;
  readonly atMicros?: number;
  readonly usageStart?: string;
}

const AGGREGATIONS: Readonly<Record<string, 'sum' | 'max' | 'latest' | 'unique'>> = {
  peak: 'max',
  level: 'latest',
  users: 'unique',
};

/** Interprets sketches as ingest would, with gate and catalogue version 1. */
export function buildGroup(sketches: readonly EventSketch[], versions = { gate: 1, catalogue: 1 }): UsageGroup {
  const tenants = [...new Set(sketches.map((sketch) => sketch.tenant ?? 'acme'))];
  const meters = [...new Set(sketches.flatMap((sketch) => Object.keys(sketch.usage ?? { calls: 1 })))];
  const periodNames = [...new Set(sketches.map((sketch) => periodName(sketch)))];
  const events: GroupEvent[] = [];
  const refused: RefusedEvent[] = [];
  for (const sketch of sketches) {
    const event = sketchedEvent(sketch, meters, periodNames);
    if (sketch.verdict === undefined) events.push(event);
    else refused.push({ idDigest: event.idDigest, contentDigest: event.contentDigest, verdict: sketch.verdict });
  }
  return {
    shard: shardOf(tenants[0] ?? 'acme', 1),
    catalogueVersion: versions.catalogue,
    tenants: tenants.map((id) => ({ id, gateVersion: versions.gate })),
    periods: periodNames.map((name) => {
      const [tenant = '', usageStart = PERIOD] = name.split('|');
      return { tenantIndex: tenants.indexOf(tenant), usageStart, accountingStart: PERIOD, timeZone: 'UTC' };
    }),
    meters: meters.map((key) => ({ key, scale: 0, aggregation: AGGREGATIONS[key] ?? 'sum' })),
    events,
    refused,
  };
}

function periodName(sketch: EventSketch): string {
  return `${sketch.tenant ?? 'acme'}|${sketch.usageStart ?? PERIOD}`;
}

function sketchedEvent(sketch: EventSketch, meters: readonly string[], periodNames: readonly string[]): GroupEvent {
  const tenant = sketch.tenant ?? 'acme';
  const usage = sketch.usage ?? { calls: 1 };
  const occurredAtMicros = sketch.atMicros ?? AT;
  const propertiesText = canonicalJson({ mark: sketch.content ?? 'same' });
  const content = { type: 'calls', quantity: '1', occurredAtMicros, propertiesText };
  const readings = Object.values(usage).map((scaled): GroupReading => {
    const reading = { valueText: String(scaled), scaled };
    const { limit } = sketch;
    const own = limit === undefined ? [] : [{ window: 'period' as const, scaled: limit, isHard: true }];
    const bounds = [...own, ...(sketch.bounds ?? [])];
    return bounds.length === 0 ? reading : { ...reading, bounds };
  });
  return {
    ...content,
    id: sketch.id,
    periodIndex: periodNames.indexOf(periodName(sketch)),
    readings,
    meterIndexes: Object.keys(usage).map((meter) => meters.indexOf(meter)),
    idDigest: idDigest(tenant, [sketch.id]),
    contentDigest: contentDigest(SECRET, content),
  };
}

/** The state of a new tenant: gate version 1, nothing sealed, no usage. */
export function newTenant(): TenantState {
  return { gate: { version: 1, sealedThroughMicros: requireInstant(PERIOD) }, periods: [] };
}
