import type { EpochMicros } from '../domain/instant.ts';
import { byteColumn, integerColumn, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import { eventPlaceSql } from './strict-ids.ts';

/** What identifies an event in the ledger. The time is part of it: the same id at another time is another event. */
export interface EventIdentity {
  readonly tenant: string;
  readonly occurredAtMicros: EpochMicros;
  /** 16 bytes. */
  readonly idDigest: Buffer;
}

/** An event of the ledger, by what tells a duplicate from a conflict. */
export interface KnownEvent extends EventIdentity {
  /** 16 bytes: equal for the same content. */
  readonly contentDigest: Buffer;
}

interface KnownRow {
  readonly tenant: string;
  readonly occurred_at: string;
  readonly id_digest: Buffer;
  readonly content_digest: Buffer;
}

/** The lateral join makes one look-up by primary key per id; a hash join would read whole partitions. */
const KNOWN_IDS = `
select asked.tenant, asked.occurred_at, asked.id_digest, event.content_digest
from unnest($1::text[], $2::bigint[], $3::bytea[]) as asked (tenant, occurred_at, id_digest)
cross join lateral (${eventPlaceSql('asked')}) place
cross join lateral (
  select content_digest
  from usage_event
  where usage_event.occurred_at = place.occurred_at and usage_event.tenant = asked.tenant
    and usage_event.id_digest = asked.id_digest
  limit 1
) event`;

/** Which of these events the ledger has already, with their content digests; under strictIds also those whose id it has of another
 * time, whose content cannot be the same. What backfill asks before the script. */
export async function knownIds(db: Queryable, identities: readonly EventIdentity[]): Promise<readonly KnownEvent[]> {
  if (identities.length === 0) return [];
  const { rows } = await db.query<KnownRow>({
    name: 'known_ids',
    text: KNOWN_IDS,
    values: [
      identities.map(({ tenant }) => tenant),
      integerColumn(identities.map(({ occurredAtMicros }) => occurredAtMicros)),
      byteColumn(identities.map(({ idDigest }) => idDigest.toString('hex'))),
    ],
  });
  return rows.map((row) => ({
    tenant: row.tenant,
    occurredAtMicros: readMicros(row.occurred_at),
    idDigest: row.id_digest,
    contentDigest: row.content_digest,
  }));
}
