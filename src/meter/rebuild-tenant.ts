import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { countedByName, dimensionDigest } from './dimension-digest.ts';
import { askLedger } from './epoch-losses.ts';
import { boundField, counterField, gateKey, shardKey, shardOf, usageKey } from './keys.ts';
import { MeterUnavailableError } from './meter-errors.ts';
import type { TenantCounter, TenantState } from './meter-ledger.ts';
import { askRedis } from './redis-connection.ts';
import type { UsageMeter } from './usage-meter.ts';
import { forgetEpoch, verifiedEpoch } from './verify-incarnation.ts';

/** A rebuild that has not ended by then is given up by others: its process was killed. */
const ABANDONED_MS = 10_000;
/** Times 100 ms: a request waits no longer than this for the rebuild of another process. */
const ATTEMPTS_MAX = 40;
const BUSY_PAUSE_MS = 100;
/** How often a seal may move the gate while it is being installed. */
const READS_MAX = 5;

const COUNTED_BY_ANY = '*';

/** Options of a rebuild. */
export interface RebuildOptions {
  /** Rebuild also where the gate is valid in this epoch: to put counters back to what the ledger says. */
  readonly evenWhenValid?: boolean;
  /** Rebuild also where the counters are kept by other dimensions than these (`countedByName`). */
  readonly countedBy?: string;
}

/**
 * Installs a tenant's gate and counters from the ledger: for a new tenant, and after every new epoch. Nothing is accepted for
 * the tenant meanwhile. Single flight in this process; across processes a token decides. Rejects with `MeterUnavailableError`
 * when it cannot be done now, and when the ledger does not know the tenant.
 */
export function rebuildTenant(meter: UsageMeter, tenant: string, options: RebuildOptions = {}): Promise<void> {
  const running = meter.rebuilding.get(tenant);
  if (running !== undefined && options.evenWhenValid !== true) return running;
  const rebuild = rebuildUntilDone(meter, tenant, options).finally(() => {
    if (meter.rebuilding.get(tenant) === rebuild) meter.rebuilding.delete(tenant);
  });
  meter.rebuilding.set(tenant, rebuild);
  return rebuild;
}

async function rebuildUntilDone(meter: UsageMeter, tenant: string, options: RebuildOptions): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const outcome = await tryRebuild(meter, tenant, options);
    if (outcome === 'done') return;
    if (outcome === 'busy') await pause(BUSY_PAUSE_MS);
  }
  throw new MeterUnavailableError(`the counters of ${tenant} are being rebuilt by another process`);
}

async function tryRebuild(
  meter: UsageMeter,
  tenant: string,
  { evenWhenValid = false, countedBy = COUNTED_BY_ANY }: RebuildOptions,
): Promise<'done' | 'busy' | 'again'> {
  const shard = shardOf(tenant, meter.shardCount);
  const epoch = await verifiedEpoch(meter, shard);
  const token = `${meter.owner}/${randomUUID()}`;
  const keys = [shardKey(shard), gateKey(shard, tenant)];
  const options = [ABANDONED_MS, evenWhenValid ? '1' : '0', countedBy];
  const [word] = await askRedis(() => meter.redis.beginRebuild(keys.length, ...keys, String(epoch), token, ...options));
  if (word === 'valid') return 'done';
  if (word === 'busy') return 'busy';
  if (word !== 'begun') {
    forgetEpoch(meter, shard);
    return 'again';
  }
  await askLedger(() => meter.ledger.drainShard(shard));
  // The gate is closed, so the drain stays complete; only the gate itself can be moved by a seal meanwhile.
  for (let read = 0; read < READS_MAX; read += 1) {
    const state = await askLedger(() => meter.ledger.readTenantState(tenant));
    if (state === undefined) throw new MeterUnavailableError(`the ledger does not know the tenant ${tenant}`);
    const outcome = await install(meter, { shard, tenant, epoch, token, state });
    if (outcome === 'installed') {
      meter.observer?.tenantRebuilt();
      return 'done';
    }
    if (outcome !== 'moved') return 'again';
  }
  return 'again';
}

interface Installation {
  readonly shard: number;
  readonly tenant: string;
  readonly epoch: number;
  readonly token: string;
  readonly state: TenantState;
}

async function install(meter: UsageMeter, installation: Installation): Promise<string> {
  const { shard, tenant, epoch, token, state } = installation;
  const periods = state.periods.filter((period) => period.counters.length > 0);
  const keys = [
    shardKey(shard),
    gateKey(shard, tenant),
    ...periods.map((period) => usageKey(shard, tenant, period.accountingStart)),
  ];
  const fields = periods.map((period) =>
    period.counters.flatMap((counter) => counterFields(counter, period.accountingStart)),
  );
  const { version, sealedThroughMicros } = state.gate;
  return askRedis(() =>
    meter.redis.installTenant(
      keys.length,
      ...keys,
      String(epoch),
      token,
      String(version),
      String(sealedThroughMicros),
      countedByName(state.countedDimensions ?? []),
      JSON.stringify(fields),
    ),
  );
}

function counterFields(counter: TenantCounter, accountingStart: string): string[] {
  if (counter.dimension !== undefined) {
    const { name, value } = counter.dimension;
    return [boundField({ meter: counter.meter, valueDigest: dimensionDigest(name, value) }), counter.scaledValue];
  }
  const field = counterField(counter.meter, counter.usageStart, accountingStart);
  const eventCount = [`${field}#n`, counter.eventCount];
  if (counter.aggregation === 'unique') return eventCount;
  const value = [field, counter.scaledValue, ...eventCount];
  if (counter.aggregation !== 'latest') return value;
  return [...value, `${field}#at`, String(counter.lastAtMicros ?? 0)];
}
