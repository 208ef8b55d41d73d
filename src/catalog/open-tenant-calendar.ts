import type pg from 'pg';

import { MICROS_PER_MINUTE, formatInstant, requireInstant } from '../domain/instant.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { EARLY_TOLERANCE_MINUTES } from '../domain/event.ts';
import { periodAfter, periodAt } from '../domain/period.ts';
import type { BillingCalendar, Period } from '../domain/period.ts';
import type { Tenant } from '../domain/tenant.ts';
import { ensureEventPartitions } from '../ledger/partitions.ts';

/**
 * Makes what a new tenant's first event needs: its gate, its periods up to one whole period ahead of the earliest instant that
 * ingest still takes, and the ledger's partitions for them. The caller owns the transaction.
 */
export async function openTenantCalendar(client: pg.PoolClient, tenant: Tenant, atMicros: EpochMicros): Promise<void> {
  await client.query(
    `insert into gate (tenant, version, sealed_through) values ($1::text, 1::bigint, $2::timestamptz)`,
    [tenant.id, tenant.billingStart],
  );
  const periods = periodsAhead(calendarOf(tenant), atMicros);
  await client.query(
    `insert into billing_period (tenant, period_start, period_end, ordinal)
     select $1::text, p.* from unnest($2::timestamptz[], $3::timestamptz[], $4::integer[]) p`,
    [
      tenant.id,
      periods.map(({ startMicros }) => formatInstant(startMicros)),
      periods.map(({ endMicros }) => formatInstant(endMicros)),
      periods.map(({ ordinal }) => ordinal),
    ],
  );
  const last = periods.at(-1);
  if (last !== undefined) await ensureEventPartitions(client, requireInstant(tenant.billingStart), last.endMicros);
}

function calendarOf(tenant: Tenant): BillingCalendar {
  const { timeZone, billingStart: anchor, periodLength: length, endsAt } = tenant;
  return { timeZone, anchor, length, endsAt };
}

const PERIODS_MAX = 200_000;

function periodsAhead(calendar: BillingCalendar, atMicros: EpochMicros): Period[] {
  const neededMicros = atMicros + EARLY_TOLERANCE_MINUTES * MICROS_PER_MINUTE;
  const periods: Period[] = [];
  let period = periodAt(calendar, requireInstant(calendar.anchor));
  while (period !== undefined) {
    periods.push(period);
    if (period.startMicros > neededMicros) break;
    if (periods.length > PERIODS_MAX) throw new Error(`more than ${PERIODS_MAX} periods: choose longer ones`);
    period = periodAfter(calendar, period);
  }
  return periods;
}
