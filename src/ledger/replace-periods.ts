import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { type BillingCalendar, periodAt } from '../domain/period.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import { ensurePeriods } from './periods.ts';

/** What is to be made anew: the periods from one boundary on, by a calendar that has this boundary too. */
export interface PeriodsToReplace {
  readonly tenant: string;
  readonly calendar: BillingCalendar;
  readonly fromMicros: EpochMicros;
  /** From here on, old and new calendar have different periods. */
  readonly differsFromMicros: EpochMicros;
  readonly nowMicros: EpochMicros;
}

/** Calls of `ensurePeriods`: what was made ahead is at most one whole old period, in new ones of a minute. */
const CALLS_MAX = 20;

/**
 * Makes the periods from a boundary on anew, by a calendar whose change is committed with them. The period that begins at the boundary
 * stays, with its events, and ends where it does now; those behind it go. Before, the caller has locked the gate.
 *
 * @returns the last instant of an event that would lie in another period than it was booked to; then nothing was changed
 */
export async function replacePeriods(
  client: Queryable,
  { tenant, calendar, fromMicros, differsFromMicros, nowMicros }: PeriodsToReplace,
): Promise<EpochMicros | undefined> {
  const booked = await lastEventFrom(client, tenant, differsFromMicros);
  if (booked !== undefined) return booked;
  const from = formatInstant(fromMicros);
  await checkBoundary(client, tenant, from);
  await client.query('delete from billing_period where tenant = $1::text and period_start > $2::timestamptz', [
    tenant,
    from,
  ]);
  const first = periodAt(calendar, fromMicros);
  if (first?.startMicros !== fromMicros) throw new Error(`the calendar of tenant ${tenant} has no boundary at ${from}`);
  await client.query(
    'update billing_period set period_end = $3::timestamptz where tenant = $1::text and period_start = $2::timestamptz',
    [tenant, from, formatInstant(first.endMicros)],
  );
  for (let call = 0; call < CALLS_MAX; call += 1) {
    const { complete } = await ensurePeriods(client, tenant, calendar, nowMicros);
    if (complete) return undefined;
  }
  return undefined;
}

/** Where the rules of a zone have moved since periods were made, the calendar's boundaries are not theirs. */
async function checkBoundary(client: Queryable, tenant: string, from: InstantText): Promise<void> {
  const { rowCount } = await client.query(
    `select from billing_period where tenant = $1::text and period_start < $2::timestamptz and period_end > $2::timestamptz`,
    [tenant, from],
  );
  if (rowCount !== 0) throw new Error(`tenant ${tenant} has a period over ${from}, where its calendar has a boundary`);
}

/** Events come at most some minutes ahead of the clock, so this looks at hardly any. */
async function lastEventFrom(
  client: Queryable,
  tenant: string,
  fromMicros: EpochMicros,
): Promise<EpochMicros | undefined> {
  const { rows } = await client.query<{ last: string | null }>(
    `select ${microsSql('max(occurred_at)')} as last from usage_event where occurred_at >= $2::timestamptz and tenant = $1::text`,
    [tenant, formatInstant(fromMicros)],
  );
  const last = rows[0]?.last ?? null;
  return last === null ? undefined : readMicros(last);
}
