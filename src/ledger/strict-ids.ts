import type pg from 'pg';

import { byteColumn, instantSql, integerColumn } from './columns.ts';
import { inTransaction, type Queryable } from './database.ts';
import { safeInteger } from './journal-position.ts';
import { idDigestHex, type UsageRow } from './usage-row.ts';

/**
 * strictIds: an id names one event of a tenant, whatever its time. The events' own key has the time in front, or inserts would
 * meet random pages of one large index, so this takes a second table, and only where the installation asks for it.
 */

/**
 * Where the event of an id is to be looked for: at its own time, and under strictIds at the time the id was taken for.
 *
 * @param row a relation in the statement with `tenant`, `id_digest` and `occurred_at` in microseconds
 */
export function eventPlaceSql(row: string): string {
  return `select coalesce(
    case when (select strict_ids from installation) then (
      select held.occurred_at from event_identity held where held.id_digest = ${row}.id_digest and held.tenant = ${row}.tenant
    ) end,
    ${instantSql(`${row}.occurred_at`)}
  ) as occurred_at`;
}

const CLAIM = `
with incoming as (
  select tenant, id_digest, ${instantSql('at')} as occurred_at, sequence
  from unnest($1::text[], $2::bytea[], $3::bigint[], $4::bigint[]) as row (tenant, id_digest, at, sequence)
), claimed as (
  insert into event_identity (tenant, id_digest, occurred_at)
  select distinct on (id_digest, tenant) tenant, id_digest, occurred_at
  from incoming
  order by id_digest, tenant, sequence
  on conflict do nothing
  returning tenant, id_digest, occurred_at
)
select incoming.sequence
from incoming
where not exists (
  select from claimed
  where claimed.tenant = incoming.tenant and claimed.id_digest = incoming.id_digest
    and claimed.occurred_at = incoming.occurred_at
) and not exists (
  select from event_identity held
  where held.id_digest = incoming.id_digest and held.tenant = incoming.tenant and held.occurred_at = incoming.occurred_at
)`;

/**
 * Takes the ids of rows of one shard and epoch for their events.
 *
 * @returns the sequences of rows whose id belongs to an event of another time: they are to be refused. A row whose id and time
 *   are known is not among them; it is a duplicate like any other
 */
export async function claimIdentities(client: Queryable, rows: readonly UsageRow[]): Promise<ReadonlySet<number>> {
  if (rows.length === 0) return new Set();
  const { rows: refused } = await client.query<{ sequence: string }>({
    name: 'claim_identities',
    text: CLAIM,
    values: [
      rows.map((row) => row.tenant),
      byteColumn(rows.map(idDigestHex)),
      integerColumn(rows.map((row) => row.occurredAtMicros)),
      integerColumn(rows.map((row) => row.sequence)),
    ],
  });
  return new Set(refused.map(({ sequence }) => safeInteger(sequence)));
}

/**
 * Turns strictIds on or off for the installation. When it is turned on, the ids of all events there are, are entered, the
 * earliest event of an id first; until that has come to its end an old id may still be taken again. Repeatable: what is on stays on,
 * what was broken off half-way is done again.
 *
 * @returns how many ids were entered
 */
export async function setStrictIds(pool: pg.Pool, isWanted: boolean): Promise<number> {
  const { rows } = await pool.query<{ strict_ids: boolean; strict_ids_entered: boolean }>(
    'select strict_ids, strict_ids_entered from installation',
  );
  const [held] = rows;
  if (held === undefined || (held.strict_ids === isWanted && held.strict_ids_entered === isWanted)) return 0;
  await pool.query('update installation set strict_ids = $1::boolean, strict_ids_entered = false', [isWanted]);
  if (!isWanted) return 0;
  // A drain that read the setting before has ended once its lock was to be had.
  await inTransaction(pool, (client) => client.query('select from journal_position order by shard for update'));
  const entered = await enterIds(pool);
  await pool.query('update installation set strict_ids_entered = true');
  return entered;
}

/** Month by month, as the events are partitioned: each is a transaction of its own. */
async function enterIds(pool: pg.Pool): Promise<number> {
  const { rows: months } = await pool.query<{ first: string }>(`
select month::text as first
from (select min(occurred_at) as earliest, max(occurred_at) as latest from usage_event) span
cross join lateral generate_series(date_trunc('month', span.earliest), span.latest, interval '1 month') month
order by month`);
  let entered = 0;
  for (const { first } of months) {
    entered += await inTransaction(pool, async (client) => {
      await client.query("set local statement_timeout = '0'");
      const { rowCount } = await client.query(ENTER_MONTH, [first]);
      return rowCount ?? 0;
    });
  }
  return entered;
}

const ENTER_MONTH = `
insert into event_identity (tenant, id_digest, occurred_at)
select tenant, id_digest, min(occurred_at)
from usage_event
where occurred_at >= $1::timestamptz and occurred_at < $1::timestamptz + interval '1 month'
group by tenant, id_digest
order by id_digest
on conflict do nothing`;
