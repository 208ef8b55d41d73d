/** What became of an issued invoice at Stripe. Installations without a Stripe key collect their money elsewhere. */
export type StripeOutcome = 'not configured';

/**
 * Brings an issued invoice to Stripe. There is one outcome while `readConfig` refuses a Stripe key: invoices are issued here,
 * marked paid by hand, and become overdue by their due date.
 */
export function pushInvoice(): StripeOutcome {
  return 'not configured';
}
