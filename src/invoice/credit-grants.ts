import type { InstantText } from '../domain/instant.ts';
import type { CurrencyCode } from '../domain/money.ts';
import type { Queryable } from '../ledger/database.ts';
import { instantExpression } from './invoice-record.ts';

/** Credit as it was given. Amounts are minor units as decimal strings. */
export interface CreditRecord {
  /** `crd_…` */
  readonly id: string;
  /** Whose invoices it pays: those that are billed to it. */
  readonly tenant: string;
  readonly kind: 'granted' | 'carried';
  readonly amountMinor: string;
  readonly currency: CurrencyCode;
  /** Lower ones are drawn first. */
  readonly priority: number;
  readonly expiresAt: InstantText | null;
  readonly reason: string;
  /** Of carried credit: the invoice that had a negative total. */
  readonly sourceInvoice: string | null;
  readonly grantedAt: InstantText;
}

/** Credit and what became of it. */
export interface CreditBalance extends CreditRecord {
  /** Not yet drawn by an issued invoice. */
  readonly balanceMinor: string;
  /** Of it, what drafts and held invoices are about to draw. */
  readonly claimedMinor: string;
}

/** Writes a credit. Answers whether it was new: one with this id may be there already. */
export async function insertGrant(client: Queryable, grant: CreditRecord): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into credit_grant (id, tenant, kind, amount_minor, currency, priority, expires_at, reason, source_invoice, granted_at)
     values ($1::text, $2::text, $3::text, $4::numeric, $5::text, $6::integer, $7::timestamptz, $8::text, $9::text,
       $10::timestamptz)
     on conflict (id) do nothing`,
    [
      grant.id,
      grant.tenant,
      grant.kind,
      grant.amountMinor,
      grant.currency,
      grant.priority,
      grant.expiresAt,
      grant.reason,
      grant.sourceInvoice,
      grant.grantedAt,
    ],
  );
  return rowCount === 1;
}

/** @param ownInvoice an expression: the invoice whose claims do not count */
function selectCredits(ownInvoice: string): string {
  return `
    select g.id, g.tenant, g.kind, g.amount_minor::text as "amountMinor", g.currency, g.priority,
      ${instantExpression('g.expires_at')} as "expiresAt", g.reason, g.source_invoice as "sourceInvoice",
      ${instantExpression('g.granted_at')} as "grantedAt",
      (g.amount_minor + coalesce((select sum(e.amount_minor) from credit_entry e where e.credit = g.id), 0))::text
        as "balanceMinor",
      coalesce((
        select sum(c.amount_minor) from invoice_claim c join invoice i on i.id = c.invoice
        where c.kind = 'credit' and c.reference = g.id and i.status in ('draft', 'held')
          and i.id is distinct from ${ownInvoice}
      ), 0)::text as "claimedMinor"
    from credit_grant g`;
}

/** A page of a tenant's credits, oldest first, also of those that are used up. @param after the last id of the page before */
export async function listCredits(
  db: Queryable,
  { tenant, after, limit }: { readonly tenant: string; readonly after: string | null; readonly limit: number },
): Promise<readonly CreditBalance[]> {
  const { rows } = await db.query<CreditBalance>(
    `${selectCredits('null')}
     where g.tenant = $1::text
       and ($2::text is null or (g.granted_at, g.id) > (select a.granted_at, a.id from credit_grant a where a.id = $2::text))
     order by g.granted_at, g.id limit $3::integer`,
    [tenant, after, limit],
  );
  return rows;
}

/** One bill draws on at most so many, the first in the order of drawing; the next bill finds the others. */
const CREDITS_OF_BILL_MAX = 1_000;

/**
 * Credits that an invoice of this payer may draw: what is left of each, without what other drafts and held invoices are about to
 * draw. Lock the payer first. Expired ones are left out: those that ended before the period did.
 */
export async function readDrawableCredits(
  db: Queryable,
  search: {
    readonly payer: string;
    readonly currency: CurrencyCode;
    readonly periodEnd: InstantText;
    /** The invoice that is rated: what it claims itself is free for it. */
    readonly invoiceId: string;
  },
): Promise<readonly CreditBalance[]> {
  const { rows } = await db.query<CreditBalance>({
    name: 'read_drawable_credits',
    text: `select * from (${selectCredits('$4::text')}
       where g.tenant = $1::text and g.currency = $2::text and (g.expires_at is null or g.expires_at >= $3::timestamptz)
     ) as c where "balanceMinor"::numeric > "claimedMinor"::numeric
     order by kind = 'carried' desc, priority, "expiresAt"::timestamptz nulls last, "grantedAt"::timestamptz, id
     limit $5::integer`,
    values: [search.payer, search.currency, search.periodEnd, search.invoiceId, CREDITS_OF_BILL_MAX],
  });
  return rows.map((row) => {
    return { ...row, balanceMinor: (BigInt(row.balanceMinor) - BigInt(row.claimedMinor)).toString() };
  });
}

/** One credit; `undefined` where the tenant has none with this id. */
export async function readCredit(db: Queryable, tenant: string, id: string): Promise<CreditBalance | undefined> {
  const { rows } = await db.query<CreditBalance>(
    `${selectCredits('null')} where g.tenant = $1::text and g.id = $2::text`,
    [tenant, id],
  );
  return rows[0];
}

/** What a tenant has left in all, by currency; expired credit counts no more. */
export async function sumCredits(
  db: Queryable,
  { tenant, at }: { readonly tenant: string; readonly at: InstantText },
): Promise<readonly { readonly currency: CurrencyCode; readonly balanceMinor: string }[]> {
  const { rows } = await db.query<{ currency: CurrencyCode; balanceMinor: string }>(
    `select currency, sum("balanceMinor"::numeric)::text as "balanceMinor"
     from (${selectCredits('null')}
       where g.tenant = $1::text and (g.expires_at is null or g.expires_at > $2::timestamptz)
     ) as c group by currency order by currency`,
    [tenant, at],
  );
  return rows;
}
