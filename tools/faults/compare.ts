import type { Client } from 'pg';
import { shardOf } from '../../src/meter/keys.ts';
import { allTenants, type RoundTenants } from './load-plan.ts';
import { type LoadResult, nameOf } from './load.ts';
import { type IncidentRow, type NamedRange, namedByShard, rangesOf, rowsInRanges } from './named-ranges.ts';

/** What the ledger says against what was answered. Everything but `acknowledged` and `named` is wanted to be 0. */
export interface Comparison {
  readonly acknowledged: number;
  /** Acknowledged events that are not in the ledger and that no incident names. */
  readonly lost: number;
  /** Acknowledged events that are not in the ledger, but within a range that an incident names. */
  readonly named: number;
  /** Rows of an event beyond its first, and rows of events that were refused. */
  readonly doubled: number;
  /** How far the rollups by hour and by day are from the rows, in units of quantity over all tenants. */
  readonly rollupsOff: number;
  /** How far accepted units of the limited tenant are above its limit. */
  readonly limitExceededBy: number;
  /** Rows of the ledger that an incident names as missing. */
  readonly namedWrongly: number;
  /** Kinds of the incidents of the round, each once. */
  readonly incidents: readonly string[];
  /** A few of the events at fault, to begin a search with. */
  readonly examples: readonly string[];
}

interface EventRow {
  readonly tenant: string;
  readonly event_id: string;
  readonly rows: string;
  readonly quantity: string;
}

const EXAMPLES_MAX = 5;
/** The default of an installation, which the worlds keep. */
const SHARD_COUNT = 2;

async function readRows(database: Client, tenants: readonly string[]): Promise<EventRow[]> {
  const { rows } = await database.query<EventRow>(
    `
select tenant, event_id, count(*)::text as rows, sum(quantity)::text as quantity
from usage_event
where tenant = any($1::text[])
group by tenant, event_id`,
    [tenants],
  );
  return rows;
}

async function readRollupSums(
  database: Client,
  table: 'usage_hourly' | 'usage_daily',
  tenants: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await database.query<{ tenant: string; quantity: string }>(
    `
select tenant, sum(quantity_sum)::text as quantity
from ${table}
where tenant = any($1::text[]) and meter = 'calls'
group by tenant`,
    [tenants],
  );
  return new Map(rows.map(({ tenant, quantity }) => [tenant, Number(quantity)]));
}

/** The newest incident there is, for a comparison that looks only at later ones. */
export async function lastIncident(database: Client): Promise<string> {
  const { rows } = await database.query<{ id: string }>('select coalesce(max(id), 0)::text as id from incident');
  return rows[0]?.id ?? '0';
}

/** Whole numbers far below 2^53: the quantities of a load add up exactly. */
function sumByTenant(rows: readonly EventRow[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { tenant, quantity } of rows) sums.set(tenant, (sums.get(tenant) ?? 0) + Number(quantity));
  return sums;
}

/** How many of the missing events the incidents explain: in each shard no more than it has positions named. */
function explained(missing: readonly string[], ranges: readonly NamedRange[]): number {
  const missingOf = new Map<number, number>();
  for (const name of missing) {
    const shard = shardOf(name.slice(0, name.indexOf('/')), SHARD_COUNT);
    missingOf.set(shard, (missingOf.get(shard) ?? 0) + 1);
  }
  const named = namedByShard(ranges);
  return [...missingOf].reduce((sum, [shard, count]) => sum + Math.min(count, named.get(shard) ?? 0), 0);
}

/** What a round is compared by. */
export interface RoundBooks {
  readonly tenants: RoundTenants;
  readonly limit: number;
  readonly result: LoadResult;
  /** The newest incident before the round. */
  readonly sinceIncident: string;
}

/** Reads the ledger and compares it with what was answered. */
export async function compareLedger(database: Client, books: RoundBooks): Promise<Comparison> {
  const tenants = allTenants(books.tenants);
  const { acknowledged, refused } = books.result;
  const rows = await readRows(database, tenants);
  const inLedger = new Set(rows.map((row) => nameOf({ tenant: row.tenant, id: row.event_id })));
  const missing = [...acknowledged.keys()].filter((name) => !inLedger.has(name));
  const uninvited = [...refused.keys()].filter((name) => inLedger.has(name));
  const again = rows.filter((row) => Number(row.rows) > 1);
  const sums = sumByTenant(rows);
  const hourly = await readRollupSums(database, 'usage_hourly', tenants);
  const daily = await readRollupSums(database, 'usage_daily', tenants);
  const offBy = (rollups: Map<string, number>): number =>
    tenants.reduce((sum, tenant) => sum + Math.abs((sums.get(tenant) ?? 0) - (rollups.get(tenant) ?? 0)), 0);
  const { rows: incidents } = await database.query<IncidentRow>(
    'select kind, shard::integer, details from incident where id > $1::bigint order by id',
    [books.sinceIncident],
  );
  const ranges = incidents.flatMap(rangesOf);
  const named = explained(missing, ranges);
  return {
    acknowledged: acknowledged.size,
    lost: missing.length - named,
    named,
    doubled: again.reduce((sum, row) => sum + Number(row.rows) - 1, 0) + uninvited.length,
    rollupsOff: offBy(hourly) + offBy(daily),
    limitExceededBy: Math.max(0, (sums.get(books.tenants.limited) ?? 0) - books.limit),
    namedWrongly: await rowsInRanges(database, ranges),
    incidents: [...new Set(incidents.map(({ kind }) => kind))],
    examples: [...missing, ...uninvited, ...again.map(({ tenant, event_id: id }) => `${tenant}/${id}`)].slice(
      0,
      EXAMPLES_MAX,
    ),
  };
}
