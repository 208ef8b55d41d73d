import { randomBytes } from 'node:crypto';

import type { AuthenticatedKey } from '../src/catalog/api-keys.ts';
import type { CatalogueSnapshot, TenantEntry } from '../src/catalog/catalogue-snapshot.ts';
import { meterSpansOf } from '../src/catalog/meter-spans.ts';
import { requireInstant } from '../src/domain/instant.ts';
import type { Meter } from '../src/domain/meter.ts';
import type { PlanVersion } from '../src/domain/plan.ts';
import type { Tenant } from '../src/domain/tenant.ts';
import { createIngestService } from '../src/ingest/create-ingest-service.ts';
import type { IngestService } from '../src/ingest/ingest-service.ts';
import type { MeterConnection } from '../src/meter/meter-connection.ts';
import type { MeterLedger } from '../src/meter/meter-ledger.ts';
import { createUsageMeter } from '../src/meter/usage-meter.ts';
import { TENANTS } from './bench-context.ts';
import { tenantId } from './catalogue.ts';

const YEAR_START = '2026-01-01T00:00:00Z';
const YEAR_END = '2027-01-01T00:00:00Z';
/** The present of the service, by which events of `CANNED_SECOND` are neither late nor early. */
const NOW = '2026-06-01T12:00:30Z';
/** When its events happen. */
export const CANNED_SECOND = '2026-06-01T12:00:00';

const ISSUER = { name: 'Bench', addressLines: [], taxIds: [] };

const METERS: readonly Meter[] = [
  { key: 'input_tokens', aggregation: 'sum', property: 'inputTokens', dimensions: ['model'], unit: 'token' } as const,
  { key: 'requests', aggregation: 'count', property: undefined, dimensions: [], unit: 'request' } as const,
].map(({ property, ...meter }) => ({
  ...meter,
  version: 1,
  eventType: 'llm.request',
  value: property === undefined ? { from: 'quantity' } : { from: 'property', property },
  filter: [],
  scale: 0,
}));

const PLAN: PlanVersion = {
  key: 'bench',
  version: 1,
  name: 'Bench',
  currency: 'USD',
  baseFee: '0',
  charges: [],
  limits: [],
};

function tenantEntry(id: string): TenantEntry {
  const tenant: Tenant = {
    id,
    name: id,
    currency: 'USD',
    timeZone: 'UTC',
    billingStart: YEAR_START,
    endsAt: null,
    periodLength: 'year',
    lateWindowSeconds: 3_600,
    taxRates: [],
    paymentTermsDays: 30,
    billTo: id,
    buyer: ISSUER,
    paused: false,
    limits: [],
  };
  const fromMicros = requireInstant(YEAR_START);
  return {
    tenant,
    calendar: { timeZone: 'UTC', anchor: YEAR_START, length: 'year', endsAt: null },
    billingStartMicros: fromMicros,
    endsAtMicros: null,
    plans: [{ plan: PLAN, fromMicros, toMicros: null }],
    planOfFile: 'bench',
    quantities: [],
    addOns: [],
    prices: [],
    gate: { version: 1, sealedThroughMicros: fromMicros },
    periodsThroughMicros: requireInstant(YEAR_END),
  };
}

const KEY: AuthenticatedKey = {
  keyId: 'bench',
  scopes: ['ingest'],
  tenant: null,
  mode: 'test',
  expiresAtMicros: null,
};

/** As the catalogue of the other benches, without the tenants that have limits. */
function snapshot(): CatalogueSnapshot {
  const tenants = Array.from({ length: TENANTS }, (_, index) => tenantEntry(tenantId(index)));
  return {
    version: 1,
    mode: 'test',
    issuer: ISSUER,
    digestSecret: randomBytes(32),
    tenants: new Map(tenants.map((entry) => [entry.tenant.id, entry])),
    meters: new Map(METERS.map((meter) => [meter.key, meter])),
    meterSpans: meterSpansOf(METERS),
    planVersions: new Map([['bench@1', PLAN]]),
    coupons: new Map(),
    partitions: [{ startMicros: requireInstant(YEAR_START), endMicros: requireInstant(YEAR_END) }],
  };
}

/** Bytes of the two digests of an event. */
const DIGESTS_BYTES = 32;

/** A Redis that takes everything a turn of the event loop later: what it answers costs nothing to find out. */
function cannedRedis(): MeterConnection {
  let sequence = 0;
  const recordUsage = (keyCount: number, ...rest: (string | Buffer)[]): Promise<unknown> => {
    const events = (rest[keyCount + 1]?.length ?? 0) / DIGESTS_BYTES;
    sequence += events;
    const reply = ['applied', 'A'.repeat(events), sequence, '', 1_780_315_230_000];
    return new Promise((resolve) => setImmediate(resolve, reply));
  };
  const connection = { status: 'ready', on: () => connection, defineCommand: () => undefined, recordUsage };
  return connection as unknown as MeterConnection;
}

/** Ingest with all of its own code, and stores that answer at once what they nearly always answer. */
export function cannedService(): IngestService {
  const meter = createUsageMeter({
    redis: cannedRedis(),
    ledger: {} as MeterLedger,
    shardCount: 2,
    dedupWindowSeconds: 86_400,
    profile: 'durable',
    redisAttested: true,
  });
  for (const state of meter.shards) state.epoch = 1;
  const current = snapshot();
  const nowMicros = requireInstant(NOW);
  return createIngestService({
    meter,
    catalogue: { current: () => current, reload: () => Promise.resolve(current) },
    keys: { authenticate: () => Promise.resolve(KEY) },
    clock: () => nowMicros,
    knownIds: (questions) => Promise.resolve(questions.map(() => undefined)),
    extendPeriods: () => Promise.resolve(),
    onNewUsage: () => undefined,
    onThreshold: () => undefined,
  });
}
