import type { EpochMicros } from '../domain/instant.ts';
import type { InvoiceStatus } from '../domain/invoice.ts';
import type { Queryable } from '../ledger/database.ts';
import { returnCredits } from './credit-entries.ts';
import { InvoiceError } from './invoice-error.ts';
import { lockInvoice } from './lock-invoice.ts';
import { recordMove } from './record-move.ts';
import { allowedMoves, isAllowedMove } from './status-moves.ts';

/** A change of status that somebody or something asks for. */
export interface RequestedMove {
  readonly invoiceId: string;
  /** Any status but `issued`, which `issueInvoice` gives together with the number. */
  readonly to: InvoiceStatus;
  readonly actor: string;
  readonly reason: string;
  readonly at: EpochMicros;
}

/** Where the invoice was, and whether this call moved it (`false`: it was there already). */
export interface MoveResult {
  readonly from: InvoiceStatus;
  readonly moved: boolean;
}

/**
 * Moves an invoice to another status and writes down who, when and why, in the caller's transaction. Repeating a move changes
 * nothing. One that becomes void gives back the credit it drew. Throws `InvoiceError` `not_found`, `move_not_allowed` or
 * `credit_taken`.
 */
export async function moveInvoice(client: Queryable, move: RequestedMove): Promise<MoveResult> {
  const { invoiceId, to } = move;
  const { status: from } = await lockInvoice(client, invoiceId);
  if (from === to) return { from, moved: false };
  if (to === 'issued') {
    throw new InvoiceError('move_not_allowed', `invoice ${invoiceId} becomes issued only with a number: issue it`);
  }
  if (!isAllowedMove(from, to)) {
    const choice = allowedMoves(from).join(', ') || 'nothing else';
    throw new InvoiceError('move_not_allowed', `invoice ${invoiceId} is ${from}; it may become ${choice}, not ${to}`);
  }
  if (to === 'void') await returnCredits(client, move);
  await client.query('update invoice set status = $2::text where id = $1::text', [invoiceId, to]);
  await recordMove(client, { ...move, from });
  return { from, moved: true };
}
