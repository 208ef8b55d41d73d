import { mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Pool } from 'pg';

import { gatherAround } from '../activities/gather-around.ts';
import { gatherInputs } from '../activities/gather-inputs.ts';
import type { CatalogueSnapshot, TenantEntry } from '../src/catalog/catalogue-snapshot.ts';
import { calendarOf } from '../src/catalog/catalogue-snapshot.ts';
import { requireInstant } from '../src/domain/instant.ts';
import type { InvoiceIdentity } from '../src/domain/invoice.ts';
import type { PlanVersion } from '../src/domain/plan.ts';
import type { Tenant } from '../src/domain/tenant.ts';
import { startPostgres } from '../src/embedded/start-postgres.ts';
import { saveDraft } from '../src/invoice/save-draft.ts';
import { inTransaction, openDatabase } from '../src/ledger/database.ts';
import { migrate } from '../src/ledger/migrate.ts';
import { rateInvoice } from '../src/rating/rate-invoice.ts';
import { FILL_DAYS } from './fill-days.ts';
import { MIX_METER, mixPlan } from './rating-mix.ts';

/** A PostgreSQL with a month of many tenants in its rollups, and nothing else. */
export interface MonthLedger {
  readonly version: string;
  readonly rollupRows: number;
  /**
   * Rates every tenant's month and saves the drafts, each run as a revision of its own: invoices are never removed.
   *
   * @returns seconds
   */
  rateAll(run: number): Promise<number>;
  stop(): Promise<void>;
}

const START = '2026-01-01T00:00:00Z';
const END = '2026-02-01T00:00:00Z';
const CONNECTIONS = 4;
const DAYS = 31;
/** Prices of events read single events, of which this ledger has none: only rollups. */
const PLAN: PlanVersion = {
  ...mixPlan(8),
  charges: mixPlan(8).charges.filter(({ price }) => price.model !== 'percentage'),
};

/** Fills it with one hour of usage a day, by three models, for each tenant. */
export async function startMonthLedger(tenants: number): Promise<MonthLedger> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'tollkeeper-bench-'));
  // PostgreSQL runs as another account when we are root; it must be able to pass through to its own folder.
  chmodSync(dataFolder, 0o711);
  const postgres = await startPostgres({ dataFolder });
  const pool = openDatabase({ databaseUrl: postgres.url, applicationName: 'bench', poolSizeMax: CONNECTIONS });
  const stop = async (): Promise<void> => {
    await pool.end();
    await postgres.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  };
  try {
    await migrate(postgres.url);
    for (const fill of [FILL_TENANTS, FILL_PERIODS])
      await pool.query(fill, [tenants, START, END].slice(0, parametersOf(fill)));
    await pool.query('insert into meter (key, version, definition) values ($1::text, 1, $2::jsonb)', [
      MIX_METER.key,
      JSON.stringify(MIX_METER),
    ]);
    const { rowCount } = await pool.query(FILL_ROLLUPS, [tenants, START, DAYS]);
    await pool.query(FILL_DAYS);
    await pool.query('vacuum (analyze) tenant, billing_period, usage_hourly, usage_daily');
    const { rows } = await pool.query<{ server_version: string }>('show server_version');
    const version = `PostgreSQL ${rows[0]?.server_version.split(' ')[0]}`;
    return { version, rollupRows: rowCount ?? 0, rateAll: (run) => rateAll(pool, tenants, run), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function parametersOf(statement: string): number {
  return new Set(statement.match(/\$\d/g)).size;
}

const TENANTS = `select 't' || lpad(number::text, 6, '0') as tenant, number from generate_series(1, $1::integer) number`;

const FILL_TENANTS = `
with added as (
  insert into tenant (id, name, currency, time_zone, billing_start, period_length, late_window_seconds, tax_rates, payment_terms_days,
    bill_to, buyer)
  select tenant, tenant, 'USD', 'UTC', $2::timestamptz, 'month', 0, '[]', 14, tenant, '{}' from (${TENANTS}) as one
  returning id
)
insert into gate (tenant, version, sealed_through) select id, 1, $2::timestamptz from added`;

const FILL_PERIODS = `
insert into billing_period (tenant, period_start, period_end, ordinal)
select tenant, $2::timestamptz, $3::timestamptz, 0 from (${TENANTS}) as one`;

const FILL_ROLLUPS = `
insert into usage_hourly (tenant, usage_period, accounting_period, meter, dimensions, hour, event_count, quantity_sum, quantity_max,
  first_epoch, first_sequence, final_epoch, final_sequence)
select tenant, $2::timestamptz, $2::timestamptz, '${MIX_METER.key}', jsonb_build_object('model', model),
  $2::timestamptz + make_interval(days => day, hours => number % 24), 100, 150000 + number * 7919 % 90000, 9000, 1,
  number * 100, 1, number * 100 + 99
from (${TENANTS}) as one, generate_series(0, $3::integer - 1) day, unnest(array['large', 'small', 'tiny']) model`;

async function rateAll(pool: Pool, tenants: number, run: number): Promise<number> {
  const ids = Array.from({ length: tenants }, (_, index) => `t${String(index + 1).padStart(6, '0')}`);
  const catalogue = snapshotOf(ids);
  const started = performance.now();
  const lane = async (): Promise<void> => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) await rateTenant(pool, catalogue, id, run);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  const seconds = (performance.now() - started) / 1_000;
  return seconds;
}

/** What the step `rate` of a cycle does, without the rows that say how far the cycle is. */
async function rateTenant(pool: Pool, catalogue: CatalogueSnapshot, tenant: string, revision: number): Promise<void> {
  const identity: InvoiceIdentity = { tenant, kind: 'cycle', occasion: START, revision };
  await inTransaction(pool, async (client) => {
    const gathered = await gatherInputs(client, { catalogue, identity, shard: 0 });
    if (!('inputs' in gathered)) throw new Error(`${tenant} cannot be rated: ${JSON.stringify(gathered)}`);
    const around = await gatherAround(client, gathered.inputs);
    if (!('inputs' in around)) throw new Error(`${tenant} cannot be rated: ${JSON.stringify(around)}`);
    const rated = rateInvoice(around.inputs);
    if ('problems' in rated) throw new Error(rated.problems.join('; '));
    await saveDraft(client, { identity, inputs: around.inputs, content: rated.content, at: requireInstant(END) });
  });
}

function snapshotOf(ids: readonly string[]): CatalogueSnapshot {
  const party = { name: 'Bench', addressLines: [], taxIds: [] };
  return {
    version: 1,
    mode: 'test',
    issuer: party,
    digestSecret: Buffer.alloc(32),
    tenants: new Map(ids.map((id) => [id, entryOf(id)])),
    meters: new Map([[MIX_METER.key, MIX_METER]]),
    meterSpans: new Map(),
    planVersions: new Map(),
    coupons: new Map(),
    partitions: [],
  };
}

function entryOf(id: string): TenantEntry {
  const tenant: Tenant = {
    id,
    name: id,
    currency: 'USD',
    timeZone: 'UTC',
    billingStart: START,
    endsAt: null,
    periodLength: 'month',
    lateWindowSeconds: 0,
    taxRates: [],
    paymentTermsDays: 14,
    billTo: id,
    buyer: { name: id, addressLines: [], taxIds: [] },
    paused: false,
    limits: [],
  };
  const [startMicros, endMicros] = [requireInstant(START), requireInstant(END)];
  return {
    tenant,
    calendar: calendarOf(tenant),
    billingStartMicros: startMicros,
    endsAtMicros: null,
    plans: [{ plan: PLAN, fromMicros: startMicros, toMicros: null }],
    planOfFile: null,
    quantities: [],
    addOns: [],
    prices: [],
    gate: { version: 1, sealedThroughMicros: startMicros },
    periodsThroughMicros: endMicros,
  };
}
