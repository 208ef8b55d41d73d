import type { InvoiceStatus } from '../domain/invoice.ts';

/**
 * Every move an invoice may make. `issued` is reached only by `issueInvoice`, which takes the number; from there the content
 * is frozen and only the status moves. A paid invoice stays paid: money back is a credit note of its own. (One of which nothing was due
 * is paid as it is issued, and may become void: `moveInvoice` knows.)
 */
const MOVES: { readonly [From in InvoiceStatus]: readonly InvoiceStatus[] } = {
  draft: ['held', 'issued', 'rejected'],
  // Back to draft when a fresh rating replaces what the person was asked about.
  held: ['draft', 'issued', 'rejected'],
  rejected: [],
  issued: ['paid', 'overdue', 'uncollectible', 'void'],
  overdue: ['paid', 'uncollectible', 'void'],
  uncollectible: ['paid', 'void'],
  paid: [],
  void: [],
};

/** The states an invoice may move to from this one. */
export function allowedMoves(from: InvoiceStatus): readonly InvoiceStatus[] {
  return MOVES[from];
}

/** True when the table has this move. Staying where it is, is no move. */
export function isAllowedMove(from: InvoiceStatus, to: InvoiceStatus): boolean {
  return MOVES[from].includes(to);
}
