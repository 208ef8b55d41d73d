import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Queryable } from './database.ts';

/** What went wrong with the stores themselves. */
export interface Incident {
  /** In snake case: `journal_gap`, `journal_loss`, `drift`, `sealed_period_booking`. */
  readonly kind: string;
  readonly tenant?: string;
  readonly shard?: number;
  /** Plain JSON: ranges and quantities, never properties of events. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly at: EpochMicros;
}

/**
 * Records an incident once: while one of the same kind, place and details is open, the same finding adds no row.
 *
 * @returns whether a row was added
 */
export async function recordIncident(db: Queryable, incident: Incident): Promise<boolean> {
  const { rowCount } = await db.query(
    `
insert into incident (kind, tenant, shard, details, at)
select $1::text, $2::text, $3::smallint, $4::jsonb, $5::timestamptz
where not exists (
  select 1 from incident
  where kind = $1::text and tenant is not distinct from $2::text and shard is not distinct from $3::smallint
    and details = $4::jsonb and resolved_at is null
)`,
    [
      incident.kind,
      incident.tenant ?? null,
      incident.shard ?? null,
      JSON.stringify(incident.details),
      formatInstant(incident.at),
    ],
  );
  return rowCount === 1;
}
