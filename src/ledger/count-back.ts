import type { JsonObject } from '../domain/event.ts';
import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import { byteColumn, instantSql, integerColumn, microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import { safeInteger } from './journal-position.ts';
import type { MeteredRow } from './metered-row.ts';
import { collectRollups } from './collect-rollups.ts';
import { upsertRollups } from './rollups.ts';
import { collectUniqueValues, rememberUniqueValues } from './unique-values.ts';

/** Where a page of events ended; the next one begins behind it. */
export interface EventPlace {
  readonly occurredAtMicros: EpochMicros;
  readonly idDigest: Buffer;
}

/** Which events of a tenant are asked for: those of a type that a meter has not read. */
export interface UncountedQuery {
  readonly tenant: string;
  readonly meter: string;
  readonly eventType: string;
  readonly fromMicros: EpochMicros;
  /** Events of periods before it are billed, and left alone. */
  readonly sealedThroughMicros: EpochMicros;
  readonly after: EventPlace | undefined;
  readonly limit: number;
}

/** An accepted event that a meter has not read. */
export interface UncountedEvent extends EventPlace {
  readonly eventId: string;
  readonly quantity: string;
  readonly properties: JsonObject | null;
  readonly usagePeriodMicros: EpochMicros;
  readonly accountingPeriodMicros: EpochMicros;
  readonly catalogueVersion: number;
  readonly acceptedAtMicros: EpochMicros;
  readonly epoch: number;
  readonly sequence: number;
}

interface UncountedRow {
  readonly occurred_at: string;
  readonly id_digest: Buffer;
  readonly event_id: string;
  readonly quantity: string;
  readonly properties: JsonObject | null;
  readonly usage_period: string;
  readonly accounting_period: string;
  readonly accepted_at: string;
  readonly catalogue_version: string;
  readonly epoch: string;
  readonly sequence: string;
}

/** Late usage, whose own period is sealed, is left out: it is billed as the difference to an invoice that did not know the meter. */
const READ_UNCOUNTED = `
select ${microsSql('event.occurred_at')} as occurred_at, event.id_digest, event.event_id, event.quantity, event.properties,
  ${microsSql('event.usage_period')} as usage_period, ${microsSql('event.accounting_period')} as accounting_period,
  ${microsSql('event.accepted_at')} as accepted_at, event.catalogue_version, event.epoch, event.sequence
from usage_event event
where event.tenant = $1::text and event.type = $2::text and event.occurred_at >= greatest($3::timestamptz, $4::timestamptz)
  and event.usage_period >= $4::timestamptz and not event.readings ? $5::text
  and ($6::bigint is null or (event.occurred_at >= ${instantSql('$6::bigint')}
    and (event.occurred_at, event.id_digest) > (${instantSql('$6::bigint')}, $7::bytea)))
  and not exists (
    select from counted_back known
    where known.tenant = event.tenant and known.meter = $5::text and known.occurred_at = event.occurred_at
      and known.id_digest = event.id_digest
  )
order by event.occurred_at, event.id_digest
limit $8::integer`;

/** Which tenants have events of a type from an instant on: one scan, so that those without any cost nothing. */
export async function tenantsWithEvents(
  db: Queryable,
  eventType: string,
  fromMicros: EpochMicros,
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ readonly tenant: string }>(
    'select distinct tenant from usage_event where type = $1::text and occurred_at >= $2::timestamptz',
    [eventType, formatInstant(fromMicros)],
  );
  return new Set(rows.map(({ tenant }) => tenant));
}

/** Reads a page of events that a meter has not read, in order of their time. */
export async function readUncounted(db: Queryable, query: UncountedQuery): Promise<readonly UncountedEvent[]> {
  const { rows } = await db.query<UncountedRow>(READ_UNCOUNTED, [
    query.tenant,
    query.eventType,
    formatInstant(query.fromMicros),
    formatInstant(query.sealedThroughMicros),
    query.meter,
    query.after?.occurredAtMicros ?? null,
    query.after?.idDigest ?? null,
    query.limit,
  ]);
  return rows.map((row) => ({
    occurredAtMicros: readMicros(row.occurred_at),
    idDigest: row.id_digest,
    eventId: row.event_id,
    quantity: row.quantity,
    properties: row.properties,
    usagePeriodMicros: readMicros(row.usage_period),
    accountingPeriodMicros: readMicros(row.accounting_period),
    catalogueVersion: safeInteger(row.catalogue_version),
    acceptedAtMicros: readMicros(row.accepted_at),
    epoch: safeInteger(row.epoch),
    sequence: safeInteger(row.sequence),
  }));
}

const READ_COLUMNS = 'tenant, occurred_at, id_digest, usage_period, accounting_period, epoch, sequence, readings';

/** What the meters have read of all events, then and later: what raw sums are over, in place of `usage_event`. */
export const READ_EVENTS = `(
  select ${READ_COLUMNS} from usage_event
  union all
  select ${READ_COLUMNS} from counted_back
)`;

/** An event with what the later meter reads from it. */
export interface CountedBackRow extends MeteredRow {
  readonly epoch: number;
}

const INSERT_COUNTED_BACK = `
insert into counted_back (occurred_at, tenant, id_digest, meter, meter_version, readings, usage_period, accounting_period, epoch,
  sequence, counted_at)
select ${instantSql('occurred_at')}, $1::text, id_digest, $2::text, $3::integer, readings, ${instantSql('usage_period')},
  ${instantSql('accounting_period')}, epoch, sequence, $4::timestamptz
from unnest($5::bigint[], $6::bytea[], $7::jsonb[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
  as row (occurred_at, id_digest, readings, usage_period, accounting_period, epoch, sequence)`;

/**
 * Gives accepted events of one tenant the readings of a later meter, in rows of their own and in the rollups. The caller owns the
 * transaction, holds the tenant's gate, and has seen to it that nothing of the tenant waits in the journal.
 */
export async function recordCountedBack(
  client: Queryable,
  meter: { readonly key: string; readonly version: number; readonly tenant: string; readonly at: EpochMicros },
  rows: readonly CountedBackRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await client.query(INSERT_COUNTED_BACK, [
    meter.tenant,
    meter.key,
    meter.version,
    formatInstant(meter.at),
    integerColumn(rows.map(({ occurredAtMicros }) => occurredAtMicros)),
    byteColumn(rows.map(({ digests }) => digests.toString('hex'))),
    rows.map(({ readingsJson }) => readingsJson),
    integerColumn(rows.map(({ usagePeriodMicros }) => usagePeriodMicros)),
    integerColumn(rows.map(({ accountingPeriodMicros }) => accountingPeriodMicros)),
    integerColumn(rows.map(({ epoch }) => epoch)),
    integerColumn(rows.map(({ sequence }) => sequence)),
  ]);
  for (const [epoch, some] of Map.groupBy(rows, (row) => row.epoch)) {
    const inOrder = some.toSorted((one, other) => one.sequence - other.sequence);
    await upsertRollups(client, epoch, collectRollups(inOrder));
    await rememberUniqueValues(client, collectUniqueValues(inOrder));
  }
}
