import { setTimeout as pause } from 'node:timers/promises';

import type pg from 'pg';

import { MICROS_PER_MINUTE, type EpochMicros } from '../domain/instant.ts';
import { inTransaction } from '../ledger/database.ts';
import {
  auditMeters,
  type AuditMeter,
  type AuditSum,
  livePeriods,
  pageOfTenants,
  rawSums,
  rollupSums,
} from '../ledger/audit-sums.ts';
import { readPosition } from '../ledger/journal-position.ts';
import { shardOf } from '../meter/keys.ts';
import { whilePinned } from '../meter/read-accounts.ts';
import type { UsageMeter } from '../meter/usage-meter.ts';
import { forgetEpoch, verifiedEpoch } from '../meter/verify-incarnation.ts';
import { type Account, Accounts, emptyHolding, finestOf, type Holding } from './accounts.ts';
import { CounterAuditError } from './audit-error.ts';
import { compareAccount, type CounterDifference } from './compare.ts';
import { readRedisSide, type RedisSide, type ShardPart } from './read-redis-side.ts';
import { readSetAside, type Unreadable } from './read-set-aside.ts';

/** What an audit of counters works with. */
export interface CounterAuditDeps {
  readonly pool: pg.Pool;
  readonly meter: UsageMeter;
  readonly clock: () => EpochMicros;
}

/** Which tenants are looked at. */
export interface CounterAuditOptions {
  /** Only this one; all when absent. */
  readonly tenant?: string | undefined;
  /** Ends the audit between two pages. */
  readonly signal?: AbortSignal | undefined;
}

/** What one page of tenants has shown. */
export interface CounterAuditPage {
  readonly tenants: number;
  /** Places (meter, usage period, accounting period, tenant) that were compared. */
  readonly compared: number;
  /** Tenants whose counters are void: only rollups and raw rows were compared. */
  readonly voidTenants: number;
  readonly differences: readonly CounterDifference[];
}

/** Tenants of one page: their raw rows are summed in one scan, and what is known of them is held in memory. */
const PAGE_TENANTS = 1_000;
/** Bound of one audit: a billion tenants. */
const PAGES_MAX = 1_000_000;
/** How often a page is begun anew because Redis changed its epoch, or a rebuild ran, while it was read. */
const ATTEMPTS_MAX = 4;
const ATTEMPT_PAUSE_MS = 250;
/** An event may lie so far ahead of the clock, and the period it falls into is open with it. */
const AHEAD_MICROS = 5 * MICROS_PER_MINUTE;
/** A scan of raw rows may take longer than the statements of requests. */
const STATEMENT_TIMEOUT = '600s';
/** Sums of a page are kept while its rows are read; with the server's default they would be sorted on disk first. */
const WORK_MEMORY = '64MB';

/**
 * Compares counters with journal, rollups, raw rows and what was set aside, for every open period of every tenant, page by page,
 * while events are being taken: `counter − (ledger + journal + set aside)` must be 0 at one cut. Changes nothing but the pin,
 * which keeps the journal whole for the moment of the cut. A difference is looked at once more before it is told.
 *
 * Rejects with `CounterAuditError` or `MeterUnavailableError` when the accounts could not be compared.
 */
export async function* auditCounters(
  deps: CounterAuditDeps,
  { tenant, signal }: CounterAuditOptions = {},
): AsyncGenerator<CounterAuditPage, void, void> {
  if (tenant !== undefined) {
    yield await auditPage(deps, [tenant]);
    return;
  }
  let after = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    signal?.throwIfAborted();
    const tenants = await pageOfTenants(deps.pool, { after, limit: PAGE_TENANTS });
    if (tenants.length > 0) yield await auditPage(deps, tenants);
    if (tenants.length < PAGE_TENANTS) return;
    after = tenants.at(-1) ?? after;
  }
}

/** A difference that a rebuild or a seal has made while the page was read is gone at the second look; drift stays. */
async function auditPage(deps: CounterAuditDeps, tenants: readonly string[]): Promise<CounterAuditPage> {
  const page = await attemptPage(deps, tenants);
  if (page.differences.length === 0) return page;
  const doubtful = [...new Set(page.differences.map(({ tenant }) => tenant))];
  const { differences } = await attemptPage(deps, doubtful);
  return { ...page, differences };
}

async function attemptPage(deps: CounterAuditDeps, tenants: readonly string[]): Promise<CounterAuditPage> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readPage(deps, tenants);
    } catch (error) {
      if (!(error instanceof CounterAuditError) || attempt === ATTEMPTS_MAX) throw error;
      await pause(ATTEMPT_PAUSE_MS);
    }
  }
}

/** Everything of one page. The pins are given back as soon as Redis was read; the sums come from the snapshot at leisure. */
function readPage(deps: CounterAuditDeps, tenants: readonly string[]): Promise<CounterAuditPage> {
  return inTransaction(deps.pool, async (client) => {
    await client.query(`set local statement_timeout = '${STATEMENT_TIMEOUT}'; set local work_mem = '${WORK_MEMORY}'`);
    const accounts = new Accounts();
    const shards = [...new Set(tenants.map((tenant) => shardOf(tenant, deps.meter.shardCount)))].toSorted(
      (a, b) => a - b,
    );
    const { read, meters } = await pinned(deps, shards, () => readAtCut(deps, client, { tenants, shards, accounts }));
    const periods = read.flatMap(({ part }) => part.periods);
    addSums(accounts, await rollupSums(client, periods, 'usage_hourly'), 'rollups');
    addSums(accounts, await rollupSums(client, periods, 'usage_daily'), 'dailyRollups');
    addSums(accounts, await rawSums(client, periods), 'raw');
    const differences: CounterDifference[] = [];
    let compared = 0;
    let voidTenants = 0;
    const states = new Map<string, TenantState>();
    for (const { part, side } of read) {
      const unreadable = await readSetAside(client, deps.pool, { ...part, side, accounts, meters });
      for (const [tenant, { isVoid }] of side.tenants) {
        states.set(tenant, { isVoid, unreadable });
        if (isVoid) voidTenants += 1;
      }
    }
    for (const account of accounts.all()) {
      const found = compareState(account, states.get(account.tenant), meters);
      compared += 1;
      differences.push(...found);
    }
    return { tenants: tenants.length, compared, voidTenants, differences };
  });
}

interface TenantState {
  readonly isVoid: boolean;
  readonly unreadable: Unreadable;
}

interface PageReading {
  readonly tenants: readonly string[];
  readonly shards: readonly number[];
  readonly accounts: Accounts;
}

interface ShardReading {
  readonly part: ShardPart;
  readonly side: RedisSide;
}

/** Pins one shard after the other, in order of their numbers, so that two audits never wait for each other in a ring. */
function pinned<T>(deps: CounterAuditDeps, shards: readonly number[], work: () => Promise<T>): Promise<T> {
  const [first, ...rest] = shards;
  if (first === undefined) return work();
  return whilePinned(deps.meter, first, () => pinned(deps, rest, work));
}

/**
 * The snapshot begins with the positions, under the pins: everything above them is in the journal until the pins are given
 * back. Redis is asked while the transaction is open, which holds no lock that anyone could wait for.
 */
async function readAtCut(
  deps: CounterAuditDeps,
  client: pg.PoolClient,
  { tenants, shards, accounts }: PageReading,
): Promise<{ read: readonly ShardReading[]; meters: ReadonlyMap<string, AuditMeter> }> {
  await client.query('set transaction isolation level repeatable read, read only');
  const periods = await livePeriods(client, tenants, deps.clock() + AHEAD_MICROS);
  const meters = await auditMeters(client);
  const byShard = Map.groupBy(periods, ({ tenant }) => shardOf(tenant, deps.meter.shardCount));
  const read: ShardReading[] = [];
  for (const shard of shards) {
    const position = await readPosition(client, shard);
    if (position.epoch !== (await verifiedEpoch(deps.meter, shard))) {
      // A ledger that was restored, or another process's epoch: what this one has verified holds no more.
      forgetEpoch(deps.meter, shard);
      throw new CounterAuditError(`shard ${shard} is beginning a new epoch`);
    }
    const part: ShardPart = { shard, position, periods: byShard.get(shard) ?? [] };
    read.push({ part, side: await readRedisSide(deps.meter, part, accounts, meters) });
  }
  return { read, meters };
}

function addSums(accounts: Accounts, sums: readonly AuditSum[], store: 'rollups' | 'dailyRollups' | 'raw'): void {
  for (const sum of sums) {
    const holding: Holding = accounts.at(sum)[store];
    const { last, lastAtMicros } = sum;
    holding.events = BigInt(sum.eventCount);
    holding.sum = finestOf(sum.sum);
    holding.max = sum.max === null ? null : finestOf(sum.max);
    holding.last = last === null || lastAtMicros === null ? null : { value: finestOf(last), atMicros: lastAtMicros };
    holding.distinct = BigInt(sum.distinct);
  }
}

function compareState(
  account: Account,
  state: TenantState | undefined,
  meters: ReadonlyMap<string, AuditMeter>,
): CounterDifference[] {
  // A counter of a meter that nobody knows is not left out: it is compared with nothing.
  const aggregation = meters.get(account.meter)?.aggregation ?? 'sum';
  // Nothing in a valid hash is a counter of zero; only void counters say nothing.
  if (state?.isVoid === false) account.counter ??= emptyHolding();
  else account.counter = null;
  const unreadable = (state?.unreadable.get(account.tenant) ?? 0) + (state?.unreadable.get(null) ?? 0);
  return compareAccount(account, aggregation, unreadable);
}
