import type { Queryable } from './database.ts';
import { byteColumn, instantSql, integerColumn } from './columns.ts';
import { copyIn } from './copy-in.ts';
import { safeInteger } from './journal-position.ts';
import { contentDigestHex, idDigestHex, propertiesJson, type UsageRow } from './usage-row.ts';
import { type RowSource, USAGE_EVENT_COLUMNS } from './usage-row-bytes.ts';

/** The way around what is known. The sequences travel back only when some rows were not new. */
const INSERT_UNKNOWN = `
with incoming as (
  select *
  from unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::text[]::numeric[], $7::jsonb[], $8::jsonb[],
    $9::bytea[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[])
    as row (occurred_at, tenant, id_digest, event_id, type, quantity, properties, readings, content_digest, usage_period,
      accounting_period, sequence, catalogue_version, accepted_at)
), inserted as (
  insert into usage_event (occurred_at, tenant, id_digest, event_id, type, quantity, properties, readings, content_digest,
    usage_period, accounting_period, shard, epoch, sequence, catalogue_version, accepted_at)
  select ${instantSql('occurred_at')}, tenant, id_digest, event_id, type, quantity, properties, readings, content_digest,
    ${instantSql('usage_period')}, ${instantSql('accounting_period')}, $15::smallint, $16::bigint, sequence,
    catalogue_version, ${instantSql('accepted_at')}
  from incoming
  on conflict do nothing
  returning sequence
)
select
  count(*)::int as inserted,
  case when count(*) < $17::bigint then array_agg(sequence::text) end as sequences
from inserted`;

/** In the common case no event is known: Redis has refused those already. */
const COPY_EVENTS = `
savepoint append_events;
copy usage_event (${USAGE_EVENT_COLUMNS}) from stdin (format binary);
release savepoint append_events`;

const UNIQUE_VIOLATION = '23505';

/**
 * Appends events that the ledger does not have yet. Rows of one call belong to one shard and epoch and come in order of
 * sequence; of rows with the same key the one with the lowest sequence is kept. They are copied, which fails as a whole when
 * one of them is known; only then they are inserted around what is known, at twice the cost.
 *
 * Nobody else inserts the keys of this shard meanwhile (its position row is locked, a tenant has one shard), so the order of
 * the rows cannot make two writers wait for each other.
 *
 * @param copyBytes of the rows, as `RowEncoder` answers them
 * @param rows asked for only when one of them is known
 * @returns the rows that were new, in order of sequence; `undefined` when all were. The others are duplicates of what the ledger has
 * @throws the database's `check_violation` from `ExecFindPartition` when a month has no partition
 */
export async function appendEvents<Row extends UsageRow>(
  client: Queryable,
  source: RowSource,
  copyBytes: Buffer,
  rows: () => readonly Row[],
): Promise<readonly Row[] | undefined> {
  try {
    await copyIn(client, COPY_EVENTS, copyBytes);
    return undefined;
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
  }
  await client.query('rollback to savepoint append_events');
  return insertUnknown(client, source, rows());
}

async function insertUnknown<Row extends UsageRow>(
  client: Queryable,
  source: RowSource,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const { rows: answers } = await client.query<{ inserted: number; sequences: string[] | null }>({
    name: 'append_events',
    text: INSERT_UNKNOWN,
    values: [...eventColumns(rows), source.shard, source.epoch, rows.length],
  });
  const answer = answers[0];
  if (answer === undefined) throw new Error('appending events gave no answer');
  if (answer.inserted === rows.length) return rows;
  const inserted = new Set((answer.sequences ?? []).map(safeInteger));
  return rows.filter((row) => inserted.has(row.sequence));
}

function eventColumns(rows: readonly UsageRow[]): unknown[] {
  return [
    integerColumn(rows.map((row) => row.occurredAtMicros)),
    rows.map((row) => row.tenant),
    byteColumn(rows.map(idDigestHex)),
    rows.map((row) => row.eventId),
    rows.map((row) => row.type),
    rows.map((row) => row.quantity),
    rows.map(propertiesJson),
    rows.map((row) => row.readingsJson),
    byteColumn(rows.map(contentDigestHex)),
    integerColumn(rows.map((row) => row.usagePeriodMicros)),
    integerColumn(rows.map((row) => row.accountingPeriodMicros)),
    integerColumn(rows.map((row) => row.sequence)),
    integerColumn(rows.map((row) => row.catalogueVersion)),
    integerColumn(rows.map((row) => row.acceptedAtMicros)),
  ];
}
