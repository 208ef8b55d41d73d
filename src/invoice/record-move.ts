import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { InvoiceStatus } from '../domain/invoice.ts';
import type { Queryable } from '../ledger/database.ts';

/** A change of status as it is written down. */
export interface RecordedMove {
  readonly invoiceId: string;
  readonly from: InvoiceStatus | null;
  readonly to: InvoiceStatus;
  readonly actor: string;
  readonly reason: string;
  readonly at: EpochMicros;
}

/** Who moves an invoice when no person does. */
export const BILLING_ACTOR = 'billing';

/** Writes one line of an invoice's history, in the transaction of the move. */
export async function recordMove(client: Queryable, move: RecordedMove): Promise<void> {
  await client.query(
    `insert into invoice_move (invoice, from_status, to_status, actor, reason, at)
     values ($1::text, $2::text, $3::text, $4::text, $5::text, $6::timestamptz)`,
    [move.invoiceId, move.from, move.to, move.actor, move.reason, formatInstant(move.at)],
  );
}
