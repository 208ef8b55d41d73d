import type { Queryable } from './database.ts';
import { byteColumn, instantSql, integerColumn } from './columns.ts';
import { safeInteger } from './journal-position.ts';
import { compareByKey, type UsageRow } from './usage-row.ts';

/** One statement: 122 k rows/s where one per event gives 12 k. The sequences travel back only when some rows were not new. */
const APPEND_EVENTS = `
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

/**
 * Appends events that the ledger does not have yet. Rows of one call belong to one shard and epoch; of rows with the same key
 * the one with the lowest sequence is kept.
 *
 * @returns the rows that were new, in order of sequence. The others are duplicates of what the ledger has.
 * @throws the database's `check_violation` from `ExecFindPartition` when a month has no partition
 */
export async function appendEvents<Row extends UsageRow>(
  client: Queryable,
  source: { shard: number; epoch: number },
  rows: readonly Row[],
): Promise<readonly Row[]> {
  if (rows.length === 0) return [];
  const sorted = rows.toSorted(compareByKey);
  const { rows: answers } = await client.query<{ inserted: number; sequences: string[] | null }>({
    name: 'append_events',
    text: APPEND_EVENTS,
    values: [...eventColumns(sorted), source.shard, source.epoch, sorted.length],
  });
  const answer = answers[0];
  if (answer === undefined) throw new Error('appending events gave no answer');
  if (answer.inserted === rows.length) return rows.toSorted((left, right) => left.sequence - right.sequence);
  const inserted = new Set((answer.sequences ?? []).map(safeInteger));
  return rows.filter((row) => inserted.has(row.sequence)).toSorted((left, right) => left.sequence - right.sequence);
}

function eventColumns(rows: readonly UsageRow[]): unknown[] {
  return [
    integerColumn(rows.map((row) => row.occurredAtMicros)),
    rows.map((row) => row.tenant),
    byteColumn(rows.map((row) => row.idDigestHex)),
    rows.map((row) => row.eventId),
    rows.map((row) => row.type),
    rows.map((row) => row.quantity),
    rows.map((row) => row.propertiesJson),
    rows.map((row) => JSON.stringify(row.readings)),
    byteColumn(rows.map((row) => row.contentDigestHex)),
    integerColumn(rows.map((row) => row.usagePeriodMicros)),
    integerColumn(rows.map((row) => row.accountingPeriodMicros)),
    integerColumn(rows.map((row) => row.sequence)),
    integerColumn(rows.map((row) => row.catalogueVersion)),
    integerColumn(rows.map((row) => row.acceptedAtMicros)),
  ];
}
