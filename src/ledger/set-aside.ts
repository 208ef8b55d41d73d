import type { EpochMicros } from '../domain/instant.ts';
import { integerColumn, microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import { type KeptEntry, keptText } from './dead-letter-cases.ts';
import { safeInteger } from './journal-position.ts';

/** A span of one epoch of a shard's journal, of which one tenant's events are looked at: `(after, through]`. */
export interface TenantSpan {
  readonly tenant: string;
  readonly after: number;
  readonly through: number;
}

/** What the counters took for events of one meter that the ledger refused as duplicates. Scaled integers. */
export interface RefusedSum {
  readonly tenant: string;
  readonly accountingMicros: EpochMicros;
  readonly usageMicros: EpochMicros;
  readonly meter: string;
  readonly eventCount: string;
  readonly scaledSum: string;
  /** The distinct values: what a maximum or latest value may still be. */
  readonly scaledValues: readonly string[];
}

const REFUSED_SUMS = `
select refused.tenant, ${microsSql('refused.accounting_period')} as accounting, ${microsSql('refused.usage_period')} as usage,
  change ->> 0 as meter, count(*)::text as event_count, sum((change ->> 1)::numeric)::text as scaled_sum,
  array_agg(distinct change ->> 1) as scaled_values
from unnest($3::text[], $4::bigint[], $5::bigint[]) as span (tenant, after, through)
join refused_duplicate refused on refused.tenant = span.tenant and refused.sequence > span.after
  and refused.sequence <= span.through
cross join lateral jsonb_array_elements(refused.counter_changes) as change
where refused.shard = $1::smallint and refused.epoch = $2::bigint and refused.sequence > $6::bigint
  and refused.sequence <= $7::bigint
group by refused.tenant, refused.accounting_period, refused.usage_period, change ->> 0`;

/** Sums the refused duplicates of these tenants in these spans of one epoch. */
export async function refusedSums(
  db: Queryable,
  journal: { readonly shard: number; readonly epoch: number },
  spans: readonly TenantSpan[],
): Promise<readonly RefusedSum[]> {
  const wanted = spans.filter(({ after, through }) => after < through);
  if (wanted.length === 0) return [];
  const { rows } = await db.query<{
    tenant: string;
    accounting: string;
    usage: string;
    meter: string;
    event_count: string;
    scaled_sum: string;
    scaled_values: readonly string[];
  }>(REFUSED_SUMS, [
    journal.shard,
    journal.epoch,
    wanted.map(({ tenant }) => tenant),
    integerColumn(wanted.map(({ after }) => after)),
    integerColumn(wanted.map(({ through }) => through)),
    wanted.reduce((least, { after }) => Math.min(least, after), Number.MAX_SAFE_INTEGER),
    wanted.reduce((most, { through }) => Math.max(most, through), 0),
  ]);
  return rows.map((row) => ({
    tenant: row.tenant,
    accountingMicros: readMicros(row.accounting),
    usageMicros: readMicros(row.usage),
    meter: row.meter,
    eventCount: row.event_count,
    scaledSum: row.scaled_sum,
    scaledValues: row.scaled_values,
  }));
}

/** A dead letter of the epoch that counts now: poison that the counters took and the ledger has not. */
export interface SetAsideLetter {
  /** `null`: not even the tenant could be read. */
  readonly tenant: string | null;
  readonly firstSequence: number;
  readonly sequence: number;
  /** What the journal carried. */
  readonly journalText: string;
}

/** Dead letters of one read at most: more are an emergency of their own. */
export const DEAD_LETTERS_READ_MAX = 10_000;

/**
 * Reads the dead letters of one epoch of a shard, at most `DEAD_LETTERS_READ_MAX`, whether open or discarded: a replay would have
 * begun the next epoch, whose counters come from the ledger.
 */
export async function lettersOfEpoch(
  db: Queryable,
  journal: { readonly shard: number; readonly epoch: number },
): Promise<readonly SetAsideLetter[]> {
  const { rows } = await db.query<LetterRow>(
    `
select tenant, first_sequence, sequence, entry
from dead_letter
where shard = $1::smallint and epoch = $2::bigint
order by sequence
limit ${DEAD_LETTERS_READ_MAX}`,
    [journal.shard, journal.epoch],
  );
  return rows.map((row) => ({
    tenant: row.tenant,
    firstSequence: safeInteger(row.first_sequence),
    sequence: safeInteger(row.sequence),
    journalText: keptText(row.entry),
  }));
}

interface LetterRow {
  readonly tenant: string | null;
  readonly first_sequence: string;
  readonly sequence: string;
  readonly entry: KeptEntry;
}
