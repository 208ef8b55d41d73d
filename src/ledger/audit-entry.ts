import type { JsonObject } from '../domain/event.ts';
import { formatInstant } from '../domain/instant.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Queryable } from './database.ts';

/** Who did what to what: one row per mutation, in its transaction where there is one. */
export interface AuditEntry {
  readonly atMicros: EpochMicros;
  /** The id of the key that asked, or who commanded a workflow. */
  readonly actor: string;
  /** `catalogue.apply`, `key.create`, … */
  readonly action: string;
  readonly subject: string;
  /** Plain JSON without secrets. */
  readonly details: JsonObject;
}

/** Writes one audit row; the caller owns the transaction. */
export async function recordAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  await db.query(
    `insert into audit_entry (at, actor, action, subject, details)
     values ($1::timestamptz, $2::text, $3::text, $4::text, $5::jsonb)`,
    [formatInstant(entry.atMicros), entry.actor, entry.action, entry.subject, JSON.stringify(entry.details)],
  );
}
