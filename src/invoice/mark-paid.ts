import type { InvoiceIdentity } from '../domain/invoice.ts';
import { lockCycle, moveCycle } from '../ledger/billing-cycles.ts';
import type { Queryable } from '../ledger/database.ts';
import { moveInvoice, type MoveResult, type RequestedMove } from './move-invoice.ts';

/**
 * Records that an invoice was paid, and settles the cycle that it is of, in the caller's transaction. The workflow of that cycle ended as the
 * invoice was issued: nobody else would. A repeat changes nothing, but settles a cycle that an earlier release left `issued`.
 *
 * Throws `InvoiceError` `not_found` or `move_not_allowed`.
 */
export async function markInvoicePaid(
  client: Queryable,
  { identity, ...payment }: Omit<RequestedMove, 'to'> & { readonly identity: InvoiceIdentity },
): Promise<MoveResult> {
  const { tenant, kind, occasion: periodStart, revision } = identity;
  const cycle = { tenant, periodStart, revision };
  const isOfCycle = kind === 'cycle';
  // In the order of those who issue: the cycle before the invoice.
  if (isOfCycle) await lockCycle(client, cycle);
  const moved = await moveInvoice(client, { ...payment, to: 'paid' });
  if (isOfCycle) await moveCycle(client, cycle, 'settled', payment.at);
  return moved;
}
