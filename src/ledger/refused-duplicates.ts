import type { JsonValue } from '../domain/event.ts';
import type { Aggregation } from '../domain/meter.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { parseJson } from '../domain/parse-json.ts';
import { byteColumn, instantSql, integerColumn, microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import { type JournalPosition, safeInteger } from './journal-position.ts';
import type { MeteredRow } from './metered-row.ts';
import { eventPlaceSql } from './strict-ids.ts';
import { contentDigestHex, idDigestHex } from './usage-row.ts';

/**
 * What the Redis counters took for an event that the ledger refused: `[meter, scaled integer as text, aggregation]`, and the values of
 * its dimensions where it has some, for counters that are kept by them.
 */
export type CounterChange = readonly [
  meter: string,
  scaled: string,
  aggregation: Aggregation,
  dimensions?: Readonly<Record<string, JsonValue>>,
];

/**
 * An event that the journal carried although the ledger already had its id. The trim script takes its changes back from the
 * additive counters (`count`, `sum`, and the event count of every meter).
 */
export interface RefusedDuplicate extends JournalPosition {
  readonly tenant: string;
  /** As it was sent: under strictIds the event that the ledger has may be of another time. */
  readonly occurredAtMicros: EpochMicros;
  readonly usagePeriodMicros: EpochMicros;
  readonly accountingPeriodMicros: EpochMicros;
  readonly counterChanges: readonly CounterChange[];
  /** Whether the content is that of the event the ledger has; otherwise the sender used one id for two things. */
  readonly sameContent: boolean;
}

const REFUSE_DUPLICATES = `
insert into refused_duplicate (shard, epoch, sequence, tenant, id_digest, occurred_at, accounting_period, usage_period,
  readings, counter_changes, same_content)
select $1::smallint, $2::bigint, row.sequence, row.tenant, row.id_digest, ${instantSql('row.occurred_at')},
  ${instantSql('row.accounting_period')}, ${instantSql('row.usage_period')}, row.readings, row.counter_changes,
  kept.content_digest = row.content_digest
from unnest($3::bigint[], $4::text[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[], $9::jsonb[], $10::jsonb[],
  $11::bytea[])
  as row (sequence, tenant, id_digest, occurred_at, accounting_period, usage_period, readings, counter_changes, content_digest)
cross join lateral (${eventPlaceSql('row')}) place
cross join lateral (
  select content_digest
  from usage_event event
  where event.occurred_at = place.occurred_at and event.tenant = row.tenant and event.id_digest = row.id_digest
) kept`;

/** Writes the rows that `appendEvents` did not take, with whether their content is what the ledger has. */
export async function refuseDuplicates(
  client: Queryable,
  source: { shard: number; epoch: number },
  rows: readonly MeteredRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const { rowCount } = await client.query(REFUSE_DUPLICATES, [
    source.shard,
    source.epoch,
    integerColumn(rows.map((row) => row.sequence)),
    rows.map((row) => row.tenant),
    byteColumn(rows.map(idDigestHex)),
    integerColumn(rows.map((row) => row.occurredAtMicros)),
    integerColumn(rows.map((row) => row.accountingPeriodMicros)),
    integerColumn(rows.map((row) => row.usagePeriodMicros)),
    rows.map((row) => row.readingsJson),
    rows.map((row) => JSON.stringify(counterChanges(row))),
    byteColumn(rows.map(contentDigestHex)),
  ]);
  if (rowCount !== rows.length) {
    throw new Error(
      `shard ${source.shard}: ${rows.length} events were refused as known, but the ledger has ${rowCount}`,
    );
  }
}

function counterChanges(row: MeteredRow): CounterChange[] {
  return row.contributions.map(({ meter, scaled, aggregation, dimensionsJson }) => {
    const change = [meter, String(scaled), aggregation] as const;
    return dimensionsJson === '{}'
      ? change
      : [...change, parseJson(dimensionsJson) as Readonly<Record<string, JsonValue>>];
  });
}

/** Bound of one read. */
export const REFUSED_READ_MAX = 1_000;

/** Reads the refused duplicates of a shard with positions in `(after, through]`, in order, at most `REFUSED_READ_MAX`. */
export async function readRefusedDuplicates(
  db: Queryable,
  span: { shard: number; after: JournalPosition; through: JournalPosition },
): Promise<readonly RefusedDuplicate[]> {
  const { rows } = await db.query<RefusedRow>(
    `
select epoch, sequence, tenant, ${microsSql('occurred_at')} as occurred_at, ${microsSql('usage_period')} as usage_period,
  ${microsSql('accounting_period')} as accounting_period, counter_changes, same_content
from refused_duplicate
where shard = $1::smallint and (epoch, sequence) > ($2::bigint, $3::bigint) and (epoch, sequence) <= ($4::bigint, $5::bigint)
order by epoch, sequence
limit ${REFUSED_READ_MAX}`,
    [span.shard, span.after.epoch, span.after.sequence, span.through.epoch, span.through.sequence],
  );
  return rows.map((row) => ({
    epoch: safeInteger(row.epoch),
    sequence: safeInteger(row.sequence),
    tenant: row.tenant,
    occurredAtMicros: readMicros(row.occurred_at),
    usagePeriodMicros: readMicros(row.usage_period),
    accountingPeriodMicros: readMicros(row.accounting_period),
    counterChanges: row.counter_changes,
    sameContent: row.same_content,
  }));
}

interface RefusedRow {
  readonly epoch: string;
  readonly sequence: string;
  readonly tenant: string;
  readonly occurred_at: string;
  readonly usage_period: string;
  readonly accounting_period: string;
  readonly counter_changes: readonly CounterChange[];
  readonly same_content: boolean;
}
