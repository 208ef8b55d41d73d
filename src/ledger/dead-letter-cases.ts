import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import type { DeadLetter } from './dead-letters.ts';
import { safeInteger } from './journal-position.ts';

/** How a dead letter ended. `duplicate`: read again, and the ledger had its events already. */
export type LetterResolution = 'replayed' | 'duplicate' | 'discarded';

/** A dead letter as it is kept, with what became of it. */
export interface DeadLetterCase extends DeadLetter {
  readonly id: number;
  readonly at: InstantText;
  /** All `null` while nobody has dealt with it. */
  readonly resolvedAt: InstantText | null;
  readonly resolution: LetterResolution | null;
  readonly resolvedBy: string | null;
  readonly resolvedReason: string | null;
}

/** The column `dead_letter.entry`. */
export interface KeptEntry {
  readonly encoding: string;
  readonly text: string;
}

interface CaseRow {
  readonly id: string;
  readonly shard: number;
  readonly epoch: string;
  readonly first_sequence: string;
  readonly sequence: string;
  readonly tenant: string | null;
  readonly entry: KeptEntry;
  readonly reason: string;
  readonly at: string;
  readonly resolved_at: string | null;
  readonly resolution: LetterResolution | null;
  readonly resolved_by: string | null;
  readonly resolved_reason: string | null;
}

const COLUMNS = `id, shard, epoch, first_sequence, sequence, tenant, entry, reason, ${microsSql('at')} as at,
  ${microsSql('resolved_at')} as resolved_at, resolution, resolved_by, resolved_reason`;

/** Reads one dead letter; `undefined`: there is none of that number. */
export async function readDeadLetter(db: Queryable, id: number): Promise<DeadLetterCase | undefined> {
  const { rows } = await db.query<CaseRow>(`select ${COLUMNS} from dead_letter where id = $1::bigint`, [id]);
  return rows[0] === undefined ? undefined : caseOf(rows[0]);
}

/** Which dead letters: `tenant` `null`: of all; `after`: the number of the last one seen; the newest come first. */
export interface DeadLetterFilter {
  readonly tenant: string | null;
  readonly isOpenOnly: boolean;
  readonly after: number | null;
  readonly limit: number;
}

/** Lists dead letters, the newest first. */
export async function listDeadLetters(db: Queryable, filter: DeadLetterFilter): Promise<readonly DeadLetterCase[]> {
  const { rows } = await db.query<CaseRow>(
    `
select ${COLUMNS}
from dead_letter
where ($1::text is null or tenant = $1::text) and (not $2::boolean or resolved_at is null)
  and ($3::bigint is null or id < $3::bigint)
order by id desc
limit $4::integer`,
    [filter.tenant, filter.isOpenOnly, filter.after, filter.limit],
  );
  return rows.map(caseOf);
}

/** How a dead letter is dealt with, by whom and why. */
export interface LetterDecision {
  readonly resolution: LetterResolution;
  readonly actor: string;
  readonly reason: string;
  readonly at: EpochMicros;
}

/** Closes a dead letter. Answers `false` when it was closed already: then nothing was changed. */
export async function resolveDeadLetter(client: Queryable, id: number, decision: LetterDecision): Promise<boolean> {
  const { rowCount } = await client.query(
    `
update dead_letter
set resolved_at = $2::timestamptz, resolution = $3::text, resolved_by = $4::text, resolved_reason = $5::text
where id = $1::bigint and resolved_at is null`,
    [id, formatInstant(decision.at), decision.resolution, decision.actor, decision.reason],
  );
  return rowCount === 1;
}

function caseOf(row: CaseRow): DeadLetterCase {
  return {
    id: safeInteger(row.id),
    shard: row.shard,
    epoch: safeInteger(row.epoch),
    firstSequence: safeInteger(row.first_sequence),
    sequence: safeInteger(row.sequence),
    tenant: row.tenant,
    journalText: keptText(row.entry),
    reason: row.reason,
    at: formatInstant(readMicros(row.at)),
    resolvedAt: row.resolved_at === null ? null : formatInstant(readMicros(row.resolved_at)),
    resolution: row.resolution,
    resolvedBy: row.resolved_by,
    resolvedReason: row.resolved_reason,
  };
}

/** The other direction of how `writeDeadLetter` stores text that `jsonb` would refuse. */
export function keptText({ encoding, text }: KeptEntry): string {
  return encoding === 'base64' ? Buffer.from(text, 'base64').toString('utf16le') : text;
}
