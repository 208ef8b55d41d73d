import type { JsonObject } from '../domain/event.ts';
import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { instantSql, microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import type { StoredReadings } from './usage-row.ts';

/** Which of a tenant's events are listed. Instants are half-open bounds of the events' own time. */
export interface EventQuery {
  readonly tenant: string;
  readonly type?: string;
  readonly from?: EpochMicros;
  readonly to?: EpochMicros;
  /** Start of the accounting period: with `usagePeriod` and `meter`, the events of one invoice line. */
  readonly accountingPeriod?: EpochMicros;
  readonly usagePeriod?: EpochMicros;
  /** Only events that this meter read. */
  readonly meter?: string;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  /** 1 to `EVENTS_PAGE_MAX`. */
  readonly limit: number;
}

/** An event as the ledger has it. */
export interface LedgerEvent {
  readonly id: string;
  readonly type: string;
  readonly occurredAt: InstantText;
  readonly quantity: string;
  /** `null` when none were sent or they were erased. */
  readonly properties: JsonObject | null;
  readonly readings: StoredReadings;
  readonly usagePeriod: InstantText;
  readonly accountingPeriod: InstantText;
  readonly acceptedAt: InstantText;
  readonly shard: number;
  /** `<epoch>-<sequence>`. */
  readonly position: string;
  readonly catalogueVersion: string;
}

/** Some events in order, and where to go on. */
export interface EventPage {
  readonly events: readonly LedgerEvent[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

export const EVENTS_PAGE_MAX = 1_000;

/** Thrown for a cursor that this program did not write. */
export class CursorError extends Error {
  override readonly name = 'CursorError';
}

interface EventRow {
  readonly event_id: string;
  readonly id_digest: Buffer;
  readonly type: string;
  readonly occurred_at: string;
  readonly quantity: string;
  readonly properties: JsonObject | null;
  readonly readings: StoredReadings;
  readonly usage_period: string;
  readonly accounting_period: string;
  readonly accepted_at: string;
  readonly shard: number;
  readonly epoch: string;
  readonly sequence: string;
  readonly catalogue_version: string;
}

const LIST_EVENTS = `
select event_id, id_digest, type, ${microsSql('occurred_at')} as occurred_at, quantity, properties,
  readings || coalesce((
    select jsonb_object_agg(later.meter, later.readings -> later.meter)
    from counted_back later
    where later.tenant = usage_event.tenant and later.occurred_at = usage_event.occurred_at
      and later.id_digest = usage_event.id_digest
  ), '{}'::jsonb) as readings,
  ${microsSql('usage_period')} as usage_period, ${microsSql('accounting_period')} as accounting_period,
  ${microsSql('accepted_at')} as accepted_at, shard, epoch, sequence, catalogue_version
from usage_event
where tenant = $1::text
  and occurred_at >= coalesce($2::timestamptz, '-infinity') and occurred_at < coalesce($3::timestamptz, 'infinity')
  and ($4::text is null or type = $4::text)
  and ($5::timestamptz is null or accounting_period = $5::timestamptz)
  and ($6::timestamptz is null or usage_period = $6::timestamptz)
  and ($7::text is null or readings ? $7::text or exists (
    select from counted_back later
    where later.tenant = usage_event.tenant and later.meter = $7::text and later.occurred_at = usage_event.occurred_at
      and later.id_digest = usage_event.id_digest
  ))
  and ($8::bigint is null or (occurred_at, id_digest) > (${instantSql('$8::bigint')}, $9::bytea))
order by occurred_at, id_digest
limit $10::integer`;

/**
 * Lists a tenant's events in order of their time, a page at a time. A cursor is opaque and stays good while events arrive.
 *
 * @throws CursorError for a cursor that was not answered by this function
 */
export async function listEvents(db: Queryable, query: EventQuery): Promise<EventPage> {
  const limit = Math.min(Math.max(1, query.limit), EVENTS_PAGE_MAX);
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  // The cursor is a lower bound too: without it every page would scan the partitions before it.
  const from = Math.max(query.from ?? -Infinity, after?.micros ?? -Infinity);
  const { rows } = await db.query<EventRow>(LIST_EVENTS, [
    query.tenant,
    textOrNull(from),
    textOrNull(query.to),
    query.type ?? null,
    textOrNull(query.accountingPeriod),
    textOrNull(query.usagePeriod),
    query.meter ?? null,
    after?.micros ?? null,
    after?.idDigest ?? null,
    limit + 1,
  ]);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { events: page.map(ledgerEvent), nextCursor: hasMore ? encodeCursor(last) : null };
}

function textOrNull(instant: EpochMicros | undefined): string | null {
  return instant === undefined || !Number.isFinite(instant) ? null : formatInstant(instant);
}

function ledgerEvent(row: EventRow): LedgerEvent {
  return {
    id: row.event_id,
    type: row.type,
    occurredAt: formatInstant(readMicros(row.occurred_at)),
    quantity: row.quantity,
    properties: row.properties,
    readings: row.readings,
    usagePeriod: formatInstant(readMicros(row.usage_period)),
    accountingPeriod: formatInstant(readMicros(row.accounting_period)),
    acceptedAt: formatInstant(readMicros(row.accepted_at)),
    shard: row.shard,
    position: `${row.epoch}-${row.sequence}`,
    catalogueVersion: row.catalogue_version,
  };
}

const CURSOR = /^(-?\d{1,16})\.([0-9a-f]{32})$/;

function encodeCursor(row: EventRow): string {
  return Buffer.from(`${row.occurred_at}.${row.id_digest.toString('hex')}`).toString('base64url');
}

function decodeCursor(cursor: string): { micros: EpochMicros; idDigest: Buffer } {
  const match = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match === null) throw new CursorError('not a cursor of this list: send nextCursor as it was answered');
  return { micros: readMicros(match[1] ?? ''), idDigest: Buffer.from(match[2] ?? '', 'hex') };
}
