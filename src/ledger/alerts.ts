import { createHash } from 'node:crypto';

import { canonicalJson } from '../domain/canonical.ts';
import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';

/** A threshold that a tenant's usage has reached. Quantities are whole units, plain decimals. */
export interface NewAlert {
  readonly meter: string;
  /** The rule: `limit:0.8`, `included:1`, `quantity:50000`. */
  readonly threshold: string;
  /** Usage that reaches it. */
  readonly thresholdQuantity: string;
  /** The usage when it was found to be reached. */
  readonly quantity: string;
}

/** An alert as it is kept. */
export interface AlertRow extends NewAlert {
  /** `alr_…` */
  readonly id: string;
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly at: InstantText;
}

/** Alerts that one call of `addAlerts` takes: a plan has fewer thresholds. */
export const ALERTS_PER_CALL_MAX = 10_000;

// Sorted by what is unique: one order for all writers, so that they cannot deadlock.
const ADD_ALERTS = `
insert into alert (id, tenant, period_start, meter, threshold, threshold_quantity, quantity, at)
select id, $1::text, $2::timestamptz, meter, threshold, threshold_quantity, quantity, $3::timestamptz
from unnest($4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[])
  as found (id, meter, threshold, threshold_quantity, quantity)
order by meter, threshold, threshold_quantity
on conflict do nothing`;

/**
 * Writes the alerts that are not there yet; those that are stay as they were first found. Safe to repeat, from any number of
 * processes at once.
 *
 * @param at when they were found
 * @returns how many were new
 */
export async function addAlerts(
  client: Queryable,
  place: { readonly tenant: string; readonly periodStart: InstantText },
  alerts: readonly NewAlert[],
  at: EpochMicros,
): Promise<number> {
  if (alerts.length > ALERTS_PER_CALL_MAX) {
    throw new RangeError(`${alerts.length} alerts: at most ${ALERTS_PER_CALL_MAX} at once`);
  }
  if (alerts.length === 0) return 0;
  const { rowCount } = await client.query(ADD_ALERTS, [
    place.tenant,
    place.periodStart,
    formatInstant(at),
    alerts.map((alert) => alertId(place, alert)),
    alerts.map(({ meter }) => meter),
    alerts.map(({ threshold }) => threshold),
    alerts.map(({ thresholdQuantity }) => thresholdQuantity),
    alerts.map(({ quantity }) => quantity),
  ]);
  return rowCount ?? 0;
}

const ID_CHARACTERS = 26;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Derived from what is unique: whoever finds an alert first gives it the same id. 130 bits. */
function alertId(
  { tenant, periodStart }: { readonly tenant: string; readonly periodStart: InstantText },
  { meter, threshold, thresholdQuantity }: NewAlert,
): string {
  const identity = canonicalJson(['alert', tenant, periodStart, meter, threshold, thresholdQuantity]);
  const digest = createHash('sha256').update(identity, 'utf8').digest();
  const characters = Array.from(digest.subarray(0, ID_CHARACTERS), (byte) => ALPHABET.charAt(byte % ALPHABET.length));
  return `alr_${characters.join('')}`;
}

/** Which alerts are listed: all that are left out is not asked for. */
export interface AlertQuery {
  readonly tenant: string | null;
  readonly periodStart: EpochMicros | null;
  readonly meter: string | null;
  /** Bounds of the instant at which they were found, half-open. */
  readonly from: EpochMicros | null;
  readonly to: EpochMicros | null;
  /** Only what comes behind this one. */
  readonly after: { readonly at: InstantText; readonly id: string } | null;
  readonly limit: number;
}

interface StoredAlert {
  readonly id: string;
  readonly tenant: string;
  readonly period_start: string;
  readonly meter: string;
  readonly threshold: string;
  readonly threshold_quantity: string;
  readonly quantity: string;
  readonly at: string;
}

const LIST_ALERTS = `
select id, tenant, ${microsSql('period_start')} as period_start, meter, threshold,
  trim_scale(threshold_quantity)::text as threshold_quantity, trim_scale(quantity)::text as quantity, ${microsSql('at')} as at
from alert
where ($1::text is null or tenant = $1::text)
  and ($2::timestamptz is null or period_start = $2::timestamptz)
  and ($3::text is null or meter = $3::text)
  and alert.at >= coalesce($4::timestamptz, '-infinity') and alert.at < coalesce($5::timestamptz, 'infinity')
  and ($6::timestamptz is null or (alert.at, id) < ($6::timestamptz, $7::text))
order by alert.at desc, id desc
limit $8::integer`;

/** Lists alerts, those found last first. */
export async function listAlerts(db: Queryable, query: AlertQuery): Promise<readonly AlertRow[]> {
  const { rows } = await db.query<StoredAlert>(LIST_ALERTS, [
    query.tenant,
    textOrNull(query.periodStart),
    query.meter,
    textOrNull(query.from),
    textOrNull(query.to),
    query.after?.at ?? null,
    query.after?.id ?? null,
    query.limit,
  ]);
  return rows.map((row) => ({
    id: row.id,
    tenant: row.tenant,
    periodStart: formatInstant(readMicros(row.period_start)),
    meter: row.meter,
    threshold: row.threshold,
    thresholdQuantity: row.threshold_quantity,
    quantity: row.quantity,
    at: formatInstant(readMicros(row.at)),
  }));
}

function textOrNull(micros: EpochMicros | null): InstantText | null {
  return micros === null ? null : formatInstant(micros);
}
