import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { BillingCalendar, CalendarChange } from '../domain/period.ts';
import type { PeriodLength } from '../domain/period-length.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';

/** A change as SQL builds it; microseconds are exact in JSON. */
export interface CalendarChangeJson {
  readonly ordinal: number;
  readonly startsAtMicros: EpochMicros;
  readonly anchorMicros: EpochMicros;
  readonly length: PeriodLength;
}

/** SQL for the changes of a tenant that hold, in order of time, as a JSON array or null: those that no later one has taken the place of. */
export function calendarChangesSql(tenantIdSql: string): string {
  return `(
  select jsonb_agg(jsonb_build_object('ordinal', change.ordinal, 'startsAtMicros', ${microsSql('change.starts_at')},
    'anchorMicros', ${microsSql('change.anchor')}, 'length', change.period_length) order by change.starts_at)
  from calendar_change change
  where change.tenant = ${tenantIdSql} and not exists (
    select from calendar_change later
    where later.tenant = change.tenant and later.id > change.id and later.starts_at <= change.starts_at
  )
)`;
}

/** Reads what `calendarChangesSql` gave; where there are none, nothing, so that a calendar without changes is the same as ever. */
export function changesOf(rows: readonly CalendarChangeJson[] | null): Pick<BillingCalendar, 'changes'> {
  if (rows === null) return {};
  const changes = rows.map(({ ordinal, startsAtMicros, anchorMicros, length }) => ({
    ordinal,
    startsAt: formatInstant(startsAtMicros),
    anchor: formatInstant(anchorMicros),
    length,
  }));
  return { changes };
}

/**
 * A tenant's calendar with its end and its changes as they are committed: one in memory may be older than the last apply or command,
 * and periods made from it would be billed as they are.
 */
export async function committedCalendar(
  client: Queryable,
  tenant: string,
  { timeZone, anchor, length }: BillingCalendar,
): Promise<BillingCalendar> {
  const { rows } = await client.query<{ ends_at: string | null; changes: CalendarChangeJson[] | null }>(
    `
select ${microsSql('tenant.ends_at')} as ends_at, ${calendarChangesSql('tenant.id')} as changes
from tenant where id = $1::text`,
    [tenant],
  );
  const endsAt = rows[0]?.ends_at ?? null;
  return {
    timeZone,
    anchor,
    length,
    endsAt: endsAt === null ? null : formatInstant(readMicros(endsAt)),
    ...changesOf(rows[0]?.changes ?? null),
  };
}

/** Writes a change down. It takes the place of earlier ones that were to start where it does or later. */
export async function insertCalendarChange(
  client: Queryable,
  tenant: string,
  { ordinal, startsAt, anchor, length }: CalendarChange,
  atMicros: EpochMicros,
): Promise<void> {
  await client.query(
    `
insert into calendar_change (tenant, ordinal, starts_at, anchor, period_length, changed_at)
values ($1::text, $2::integer, $3::timestamptz, $4::timestamptz, $5::text, $6::timestamptz)`,
    [tenant, ordinal, startsAt, anchor, length, formatInstant(atMicros)],
  );
}
