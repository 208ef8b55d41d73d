import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Queryable } from './database.ts';

/** Whether a tenant's billing is paused: the truth, whatever a workflow remembers. `undefined`: there is no such tenant. */
export async function isPaused(db: Queryable, tenant: string): Promise<boolean | undefined> {
  const { rows } = await db.query<{ paused: boolean }>('select paused from tenant where id = $1::text', [tenant]);
  return rows[0]?.paused;
}

/** An order to pause or resume: kept in the audit log with who gave it and why. */
export interface PauseChange {
  readonly tenant: string;
  readonly paused: boolean;
  readonly actor: string;
  readonly reason: string;
}

/** Pauses or resumes a tenant's billing, in the caller's transaction. A repeat changes nothing and leaves no audit row. */
export async function changePause(client: Queryable, change: PauseChange, at: EpochMicros): Promise<boolean> {
  const { rowCount } = await client.query(
    'update tenant set paused = $2::boolean where id = $1::text and paused <> $2::boolean',
    [change.tenant, change.paused],
  );
  if (rowCount !== 1) return false;
  await client.query(
    `
insert into audit_entry (at, actor, action, subject, details)
values ($1::timestamptz, $2::text, $3::text, $4::text, $5::jsonb)`,
    [
      formatInstant(at),
      change.actor,
      change.paused ? 'billing.paused' : 'billing.resumed',
      change.tenant,
      JSON.stringify({ reason: change.reason }),
    ],
  );
  return true;
}
