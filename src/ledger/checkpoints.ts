import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';

/** One meter in a checkpoint. Whole units, a plain decimal. */
export interface CheckpointUsage {
  readonly meter: string;
  readonly unit: string;
  readonly quantity: string;
}

/** The last timed flush of an open period. */
export interface SavedCheckpoint {
  readonly atMicros: EpochMicros;
  readonly usage: readonly CheckpointUsage[];
  /** Minor units as a decimal string, tax included. */
  readonly spendMinor: string;
}

/** Keeps the newest checkpoint of a period; an older one that comes late changes nothing. */
export async function saveCheckpoint(
  client: Queryable,
  place: { readonly tenant: string; readonly periodStart: InstantText },
  checkpoint: SavedCheckpoint,
): Promise<void> {
  await client.query(
    `
insert into checkpoint as kept (tenant, period_start, at, usage, spend_minor)
values ($1::text, $2::timestamptz, $3::timestamptz, $4::jsonb, $5::numeric)
on conflict (tenant, period_start) do update
set at = excluded.at, usage = excluded.usage, spend_minor = excluded.spend_minor
where kept.at <= excluded.at`,
    [
      place.tenant,
      place.periodStart,
      formatInstant(checkpoint.atMicros),
      JSON.stringify(checkpoint.usage),
      checkpoint.spendMinor,
    ],
  );
}

/** The newest checkpoint of a period; `undefined` before the first. */
export async function readCheckpoint(
  db: Queryable,
  place: { readonly tenant: string; readonly periodStart: InstantText },
): Promise<SavedCheckpoint | undefined> {
  const { rows } = await db.query<{ at: string; usage: CheckpointUsage[]; spend_minor: string }>(
    `
select ${microsSql('at')} as at, usage, spend_minor::text as spend_minor
from checkpoint where tenant = $1::text and period_start = $2::timestamptz`,
    [place.tenant, place.periodStart],
  );
  const [row] = rows;
  return row && { atMicros: readMicros(row.at), usage: row.usage, spendMinor: row.spend_minor };
}

/** Bound of one look for tenants without a fresh checkpoint. */
const STALE_READ_MAX = 1_000;

/**
 * Tenants whose billing is neither paused nor over and that had no checkpoint since an instant, in order of their ids. Ask again
 * with the last id of a full page.
 */
export async function tenantsWithoutCheckpoint(
  db: Queryable,
  since: EpochMicros,
  after: string,
): Promise<{ readonly tenants: readonly string[]; readonly isLast: boolean }> {
  const { rows } = await db.query<{ id: string }>(
    `
select id from tenant
where id > $1::text and not paused
  and coalesce((
    select at from checkpoint where checkpoint.tenant = tenant.id order by period_start desc limit 1
  ), '-infinity') < $2::timestamptz
  and not exists (
    select from billing_period period
    join billing_cycle cycle using (tenant, period_start)
    where period.tenant = tenant.id and period.period_end = tenant.ends_at and cycle.revision = 0
  )
order by id
limit ${STALE_READ_MAX}`,
    [after, formatInstant(since)],
  );
  return { tenants: rows.map(({ id }) => id), isLast: rows.length < STALE_READ_MAX };
}
