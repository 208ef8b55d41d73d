import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Queryable } from './database.ts';
import { safeInteger } from './journal-position.ts';

/** Poison that was set aside: one event, or one whole entry that nothing can read. */
export interface DeadLetter {
  readonly shard: number;
  readonly epoch: number;
  /** The sequences it covers, both inclusive; equal for one event. */
  readonly firstSequence: number;
  readonly sequence: number;
  /** `null` when not even the tenant can be read: then it may be of any tenant of the shard. */
  readonly tenant: string | null;
  /** What the journal carried, as text; it is kept whatever it holds. */
  readonly journalText: string;
  readonly reason: string;
}

/** `jsonb` refuses the NUL character and lone surrogates, which is how most poison became poison: such text is kept in base64. */
function storableText(text: string): Readonly<Record<string, string>> {
  const isStorable = text.isWellFormed() && !text.includes('\u0000');
  return isStorable
    ? { encoding: 'utf8', text }
    : { encoding: 'base64', text: Buffer.from(text, 'utf16le').toString('base64'), charset: 'utf-16le' };
}

/** Sets poison aside. The tenant is not billed until somebody resolved it. */
export async function writeDeadLetter(client: Queryable, letter: DeadLetter, at: EpochMicros): Promise<void> {
  await client.query(
    `
insert into dead_letter (shard, epoch, first_sequence, sequence, tenant, entry, reason, at)
values ($1::smallint, $2::bigint, $3::bigint, $4::bigint, $5::text, $6::jsonb, $7::text, $8::timestamptz)`,
    [
      letter.shard,
      letter.epoch,
      letter.firstSequence,
      letter.sequence,
      letter.tenant,
      JSON.stringify(storableText(letter.journalText)),
      letter.reason.toWellFormed().replaceAll('\u0000', ' '),
      formatInstant(at),
    ],
  );
}

/** How many open dead letters bar a tenant from being billed: its own, and those of its shard that name no tenant. */
export async function countOpenDeadLetters(db: Queryable, of: { tenant: string; shard: number }): Promise<number> {
  const { rows } = await db.query<{ count: string }>(
    `
select count(*) as count
from dead_letter
where resolved_at is null and (tenant = $1::text or (tenant is null and shard = $2::smallint))`,
    [of.tenant, of.shard],
  );
  return safeInteger(rows[0]?.count ?? '0');
}
