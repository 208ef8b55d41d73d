import type { InvoiceContent } from '../domain/invoice.ts';
import type { Queryable } from '../ledger/database.ts';

/**
 * Writes down what a draft takes that only one bill may have, in place of what it took before: credits, charges made once, uses of
 * coupons. Until it is rejected or void, no other rating is given them. In the transaction that saves the draft.
 */
export async function writeClaims(client: Queryable, invoiceId: string, content: InvoiceContent): Promise<void> {
  const claims = claimsOf(content);
  await client.query('delete from invoice_claim where invoice = $1::text', [invoiceId]);
  if (claims.length === 0) return;
  await client.query(
    `insert into invoice_claim (invoice, kind, reference, amount_minor)
     select $1::text, c.kind, c.reference, c.amount
     from unnest($2::text[], $3::text[], $4::numeric[]) as c(kind, reference, amount)`,
    [
      invoiceId,
      claims.map(({ kind }) => kind),
      claims.map(({ reference }) => reference),
      claims.map(({ amountMinor }) => amountMinor),
    ],
  );
}

interface Claim {
  readonly kind: 'credit' | 'one_off' | 'coupon';
  readonly reference: string;
  /** Of a credit: what is drawn. */
  readonly amountMinor: string | null;
}

function claimsOf({ lines, creditLines = [] }: InvoiceContent): Claim[] {
  return [
    ...creditLines.map(({ grant, amountMinor }) => ({ kind: 'credit' as const, reference: grant, amountMinor })),
    ...lines.flatMap(({ provenance: { oneOff, coupon, usagePeriodStart, accountingPeriodStart } }): Claim[] => {
      if (oneOff !== undefined) return [{ kind: 'one_off', reference: oneOff, amountMinor: null }];
      // On late usage a coupon is not used once more: the bill of that period has used it.
      const isUsed = coupon !== undefined && usagePeriodStart === accountingPeriodStart;
      return isUsed ? [{ kind: 'coupon', reference: coupon, amountMinor: null }] : [];
    }),
  ];
}
