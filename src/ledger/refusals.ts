import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';

/** Refused usage of one tenant, meter and reason that arrived in one hour. */
export interface RefusalCount {
  readonly tenant: string;
  /** Start of the hour in the tenant's zone. */
  readonly hourMicros: EpochMicros;
  readonly meter: string;
  /** The outcome that was answered. */
  readonly reason: string;
  readonly eventCount: number;
  /** Whole units, a plain decimal; `null` for meters whose values do not add up. */
  readonly quantity: string | null;
}

/** Rows that one call of `addRefusals` takes. */
export const REFUSALS_PER_CALL_MAX = 1_000;

// Sorted by key: one order for all writers, so that they cannot deadlock.
const ADD_REFUSALS = `
insert into refusal (tenant, hour, meter, reason, event_count, quantity)
select tenant, hour, meter, reason, sum(event_count)::bigint, sum(quantity)
from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::bigint[], $6::numeric[])
  as added (tenant, hour, meter, reason, event_count, quantity)
group by tenant, hour, meter, reason
order by tenant, hour, meter, reason
on conflict (tenant, hour, meter, reason) do update
set event_count = refusal.event_count + excluded.event_count, quantity = refusal.quantity + excluded.quantity`;

/** Adds counts to what is there. @param counts at most `REFUSALS_PER_CALL_MAX` */
export async function addRefusals(db: Queryable, counts: readonly RefusalCount[]): Promise<void> {
  if (counts.length > REFUSALS_PER_CALL_MAX) {
    throw new RangeError(`${counts.length} counts of refusals: at most ${REFUSALS_PER_CALL_MAX} at once`);
  }
  await db.query(ADD_REFUSALS, [
    counts.map(({ tenant }) => tenant),
    counts.map(({ hourMicros }) => formatInstant(hourMicros)),
    counts.map(({ meter }) => meter),
    counts.map(({ reason }) => reason),
    counts.map(({ eventCount }) => eventCount),
    counts.map(({ quantity }) => quantity),
  ]);
}

/** Which refusals of a tenant are listed. */
export interface RefusalQuery {
  readonly tenant: string;
  /** Bounds of the hour's start, half-open. */
  readonly from: EpochMicros | null;
  readonly to: EpochMicros | null;
  readonly meter: string | null;
  /** Only what comes behind this row. */
  readonly after: { readonly hour: InstantText; readonly meter: string; readonly reason: string } | null;
  readonly limit: number;
}

/** One row of the list. */
export interface RefusalRow {
  readonly hour: InstantText;
  readonly meter: string;
  readonly reason: string;
  readonly eventCount: string;
  readonly quantity: string | null;
}

const LIST_REFUSALS = `
select ${microsSql('hour')} as hour, meter, reason, event_count, trim_scale(quantity)::text as quantity
from refusal
where tenant = $1::text
  and hour >= coalesce($2::timestamptz, '-infinity') and hour < coalesce($3::timestamptz, 'infinity')
  and ($4::text is null or meter = $4::text)
  and ($5::timestamptz is null or hour < $5::timestamptz
    or (hour = $5::timestamptz and (meter, reason) > ($6::text, $7::text)))
order by hour desc, meter, reason
limit $8::integer`;

/** Lists a tenant's refusals, the newest hour first. */
export async function listRefusals(db: Queryable, query: RefusalQuery): Promise<readonly RefusalRow[]> {
  const { tenant, from, to, meter, after, limit } = query;
  const { rows } = await db.query<{
    hour: string;
    meter: string;
    reason: string;
    event_count: string;
    quantity: string | null;
  }>(LIST_REFUSALS, [
    tenant,
    from === null ? null : formatInstant(from),
    to === null ? null : formatInstant(to),
    meter,
    after?.hour ?? null,
    after?.meter ?? null,
    after?.reason ?? null,
    limit,
  ]);
  return rows.map((row) => ({
    hour: formatInstant(readMicros(row.hour)),
    meter: row.meter,
    reason: row.reason,
    eventCount: row.event_count,
    quantity: row.quantity,
  }));
}
