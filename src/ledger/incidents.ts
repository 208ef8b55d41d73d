import type { JsonObject } from '../domain/event.ts';
import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { microsSql, readMicros } from './columns.ts';
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

/** An incident as it is listed. */
export interface IncidentInfo {
  readonly id: string;
  readonly kind: string;
  readonly tenant: string | null;
  readonly shard: number | null;
  readonly details: JsonObject;
  readonly at: InstantText;
  /** `null` while nobody has dealt with it, as are the two after it. */
  readonly resolvedAt: InstantText | null;
  /** The key that did. */
  readonly resolvedBy: string | null;
  readonly resolution: string | null;
}

interface IncidentRow {
  readonly id: string;
  readonly kind: string;
  readonly tenant: string | null;
  readonly shard: number | null;
  readonly details: JsonObject;
  readonly at: string;
  readonly resolved_at: string | null;
  readonly resolved_by: string | null;
  readonly resolution: string | null;
}

const INCIDENT_COLUMNS = `id, kind, tenant, shard, details, ${microsSql('at')} as at, ${microsSql('resolved_at')} as resolved_at,
  resolved_by, resolution`;

/** Which incidents, and which page of them. */
export interface IncidentFilter {
  /** Only those that nobody has resolved. */
  readonly isOpen: boolean;
  readonly kind: string | null;
  readonly tenant: string | null;
  /** The last id of the page before. */
  readonly before: string | null;
  readonly limit: number;
}

/** One page of incidents, the newest first. */
export async function listIncidents(db: Queryable, filter: IncidentFilter): Promise<readonly IncidentInfo[]> {
  const { rows } = await db.query<IncidentRow>(
    `
select ${INCIDENT_COLUMNS}
from incident
where (not $1::boolean or resolved_at is null) and ($2::text is null or kind = $2::text)
  and ($3::text is null or tenant = $3::text) and ($4::bigint is null or id < $4::bigint)
order by id desc
limit $5::integer`,
    [filter.isOpen, filter.kind, filter.tenant, filter.before, filter.limit],
  );
  return rows.map(incidentInfo);
}

/**
 * Closes an incident that was dealt with. One that is closed keeps its first resolution. `undefined`: there is no such incident.
 *
 * @returns the incident, and whether this call closed it
 */
export async function resolveIncident(
  client: Queryable,
  id: string,
  resolution: { readonly by: string; readonly reason: string; readonly at: EpochMicros },
): Promise<{ readonly incident: IncidentInfo; readonly isNew: boolean } | undefined> {
  const closed = await client.query<IncidentRow>(
    `
update incident
set resolved_at = $2::timestamptz, resolved_by = $3::text, resolution = $4::text
where id = $1::bigint and resolved_at is null
returning ${INCIDENT_COLUMNS}`,
    [id, formatInstant(resolution.at), resolution.by, resolution.reason],
  );
  if (closed.rows[0] !== undefined) return { incident: incidentInfo(closed.rows[0]), isNew: true };
  const { rows } = await client.query<IncidentRow>(`select ${INCIDENT_COLUMNS} from incident where id = $1::bigint`, [
    id,
  ]);
  return rows[0] === undefined ? undefined : { incident: incidentInfo(rows[0]), isNew: false };
}

function incidentInfo(row: IncidentRow): IncidentInfo {
  const { id, kind, tenant, shard, details, resolution } = row;
  const resolvedAt = row.resolved_at === null ? null : formatInstant(readMicros(row.resolved_at));
  const at = formatInstant(readMicros(row.at));
  return { id, kind, tenant, shard, details, at, resolvedAt, resolvedBy: row.resolved_by, resolution };
}
