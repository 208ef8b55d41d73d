import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Queryable } from '../ledger/database.ts';
import { moveInvoice } from './move-invoice.ts';
import { BILLING_ACTOR } from './record-move.ts';

/** Until when, and how many at most in one transaction. */
export interface OverdueBatch {
  readonly at: EpochMicros;
  readonly limit: number;
}

/**
 * Moves issued invoices whose due date has passed, and of which something is due, to `overdue`, the longest due first, in the caller's transaction. Answers
 * their ids; fewer than `limit` means that none is left. Several callers at once share the work.
 */
export async function markOverdue(client: Queryable, { at, limit }: OverdueBatch): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select id from invoice
     where status = 'issued' and due_at <= $1::timestamptz and coalesce(due_minor, total_minor) > 0
     order by due_at, id limit $2::integer for update skip locked`,
    [formatInstant(at), limit],
  );
  for (const { id } of rows) {
    await moveInvoice(client, {
      invoiceId: id,
      to: 'overdue',
      actor: BILLING_ACTOR,
      reason: 'the due date passed',
      at,
    });
  }
  return rows.map(({ id }) => id);
}
