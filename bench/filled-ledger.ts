import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Client } from 'pg';

import { FILLED_TENANT } from './catalogue.ts';
import { FILL_DAYS } from './fill-days.ts';

/** A data folder for a ledger that is large before anything is measured, and what it shall hold. */
export interface FilledFolder {
  readonly folder: string;
  readonly rows: number;
  /** RFC 3339, the first instant of the month that is filled. */
  readonly monthStart: string;
}

const ROWS = 10_000_000;
const ROWS_QUICK = 100_000;
const CHUNKS = 10;
const MIGRATIONS = 'src/ledger/migrations';
const MARK_FILE = 'bench-filled';
/** Only so many times is a folder filled further by measuring before it is made anew. */
const USES_MAX = 20;

/**
 * Where the filled ledger of this month and schema is kept between runs, among the temporary files. Folders of other months and
 * schemas are removed: one holds four gigabytes.
 */
export function filledFolder(quick: boolean): FilledFolder {
  const rows = quick ? ROWS_QUICK : ROWS;
  const now = new Date();
  const monthStart = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth())).toISOString();
  const schema = createHash('sha256');
  for (const file of readdirSync(MIGRATIONS).toSorted()) schema.update(readFileSync(join(MIGRATIONS, file)));
  const name = `${rows}-${monthStart.slice(0, 7)}-${schema.digest('hex').slice(0, 12)}`;
  // Not in the user's cache: PostgreSQL runs as another account when we are root, and must be able to go there.
  const parent = join(tmpdir(), 'tollkeeper-bench-filled');
  mkdirSync(parent, { recursive: true, mode: 0o711 });
  for (const other of readdirSync(parent)) {
    if (other.startsWith(`${rows}-`) && other !== name) rmSync(join(parent, other), { recursive: true, force: true });
  }
  const folder = join(parent, name);
  if (usesOf(folder) > USES_MAX) rmSync(folder, { recursive: true, force: true });
  return { folder, rows, monthStart };
}

function usesOf(folder: string): number {
  const file = join(folder, MARK_FILE);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

/** Fills the ledger unless it was filled before. Ten million rows take about three minutes. */
export async function ensureFilled(
  database: Client,
  { folder, rows, monthStart }: FilledFolder,
  say: (line: string) => void,
): Promise<void> {
  const uses = usesOf(folder);
  writeFileSync(join(folder, MARK_FILE), String(uses === 0 ? 0 : uses + 1));
  if (uses > 0) return;
  await database.query('select ensure_event_partitions($1::timestamptz, $1::timestamptz)', [monthStart]);
  await database.query(`set synchronous_commit = off`);
  // An interrupted filling left some: their keys are the same again.
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    await database.query(FILL_EVENTS, [monthStart, rows, (rows / CHUNKS) * chunk, (rows / CHUNKS) * (chunk + 1)]);
    say(`${((rows / CHUNKS) * (chunk + 1)).toLocaleString('en-US')} rows are there`);
  }
  await database.query(FILL_ROLLUPS, [monthStart, rows]);
  await database.query(FILL_DAYS);
  await database.query('reset synchronous_commit');
  await database.query('vacuum (analyze) usage_event, usage_hourly, usage_daily');
  await database.query('checkpoint');
  writeFileSync(join(folder, MARK_FILE), '1');
}

const MODEL = `(array['large', 'small', 'image', 'audio'])[number % 4 + 1]`;
/** Spread evenly over the month. */
const OCCURRED_AT = `$1::timestamptz + (interval '1 month' * (number::double precision / $2::bigint))`;
const TOKENS = '(1000 + number * 7919 % 9000)';

const FILL_EVENTS = `
insert into usage_event (occurred_at, tenant, id_digest, event_id, type, quantity, properties, readings, content_digest,
  usage_period, accounting_period, shard, epoch, sequence, catalogue_version, accepted_at)
select ${OCCURRED_AT}, '${FILLED_TENANT}', decode(md5(number::text), 'hex'), 'filled-' || lpad(number::text, 12, '0'), 'llm.request', 1,
  jsonb_build_object('model', ${MODEL}, 'inputTokens', ${TOKENS}, 'outputTokens', 100 + number % 900),
  jsonb_build_object('requests', '1', 'input_tokens', jsonb_build_array(${TOKENS}::text, jsonb_build_object('model', ${MODEL}))),
  decode(md5('content' || number), 'hex'), $1::timestamptz, $1::timestamptz, 0, 0, number, 1, ${OCCURRED_AT}
from generate_series($3::bigint, $4::bigint - 1) number
on conflict do nothing`;

const FILL_ROLLUPS = `
with filled as (
  select date_trunc('hour', ${OCCURRED_AT}, 'UTC') as hour, number, ${TOKENS} as tokens, ${MODEL} as model
  from generate_series(0, $2::bigint - 1) number
), hourly as (
  select hour, 'requests' as meter, '{}'::jsonb as dimensions, count(*) as events, count(*) as total, 1 as largest,
    min(number) as first_number, max(number) as final_number
  from filled group by hour
  union all
  select hour, 'input_tokens', jsonb_build_object('model', model), count(*), sum(tokens), max(tokens), min(number), max(number)
  from filled group by hour, model
)
insert into usage_hourly (tenant, usage_period, accounting_period, meter, dimensions, hour, event_count, quantity_sum, quantity_max,
  first_epoch, first_sequence, final_epoch, final_sequence)
select '${FILLED_TENANT}', $1::timestamptz, $1::timestamptz, meter, dimensions, hour, events, total, largest, 0, first_number, 0,
  final_number
from hourly
on conflict do nothing`;
