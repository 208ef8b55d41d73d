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
