import type { EpochMicros } from '../domain/instant.ts';
import { dueMinorOf, type InvoiceContent, type InvoiceStatus } from '../domain/invoice.ts';
import type { Queryable } from '../ledger/database.ts';
import { returnCredits } from './credit-entries.ts';
import { InvoiceError } from './invoice-error.ts';
import { lockInvoice, lockInvoiceAndPayer, type LockedInvoice } from './lock-invoice.ts';
import { recordMove } from './record-move.ts';
import { allowedMoves } from './status-moves.ts';

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
  const row = await (to === 'void' ? lockInvoiceAndPayer : lockInvoice)(client, invoiceId);
  const { status: from } = row;
  if (from === to) return { from, moved: false };
  if (to === 'issued') {
    throw new InvoiceError('move_not_allowed', `invoice ${invoiceId} becomes issued only with a number: issue it`);
  }
  const allowed = movesOf(row);
  if (!allowed.includes(to)) {
    const choice = allowed.join(', ') || 'nothing else';
    throw new InvoiceError('move_not_allowed', `invoice ${invoiceId} is ${from}; it may become ${choice}, not ${to}`);
  }
  if (to === 'void') await returnCredits(client, move);
  await client.query('update invoice set status = $2::text where id = $1::text', [invoiceId, to]);
  await recordMove(client, { ...move, from });
  return { from, moved: true };
}

/** A paid invoice stays paid, but where nobody paid anything: then there is no money to give back by a credit note. */
function movesOf({ status, content }: LockedInvoice): readonly InvoiceStatus[] {
  const wasFree = status === 'paid' && dueMinorOf(JSON.parse(content) as InvoiceContent) === 0n;
  return wasFree ? ['void'] : allowedMoves(status);
}
