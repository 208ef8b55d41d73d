import { type EpochMicros, formatInstant, type InstantText } from '../domain/instant.ts';
import type { InvoiceContent } from '../domain/invoice.ts';
import type { Queryable } from '../ledger/database.ts';
import { insertGrant, readCredit } from './credit-grants.ts';
import { derivedId } from './invoice-digests.ts';
import { InvoiceError } from './invoice-error.ts';
import { lockPayers } from './lock-payers.ts';
import { CLAIMS_COUNT } from './live-claims.ts';

/**
 * Books what an invoice draws of credits, and makes what it carries a credit of the payer, in the issuing transaction. A repeated
 * step changes nothing. Throws `InvoiceError` `credit_taken` where a credit has less left than is drawn of it.
 */
export async function settleCredits(
  client: Queryable,
  invoiceId: string,
  content: InvoiceContent,
  at: InstantText,
): Promise<void> {
  const { creditLines = [], carriedMinor = '0', billTo, currency } = content;
  if (creditLines.length === 0 && carriedMinor === '0') return;
  await lockPayers(client, [billTo]);
  await client.query(
    `insert into credit_entry (credit, kind, invoice, amount_minor, reason, at)
     select c.credit, 'drawn', $1::text, -c.amount, 'drawn by the invoice', $4::timestamptz
     from unnest($2::text[], $3::numeric[]) as c(credit, amount)
     on conflict (credit, kind, invoice) do nothing`,
    [invoiceId, creditLines.map(({ grant }) => grant), creditLines.map(({ amountMinor }) => amountMinor), at],
  );
  await refuseOverdrawn(
    client,
    invoiceId,
    creditLines.map(({ grant }) => grant),
  );
  if (carriedMinor === '0') return;
  await insertGrant(client, {
    id: derivedId('crd_', ['carried', invoiceId]),
    tenant: billTo,
    kind: 'carried',
    amountMinor: carriedMinor,
    currency,
    priority: 0,
    expiresAt: null,
    reason: `carried from the invoice for ${content.supplyStart} to ${content.supplyEnd}`,
    sourceInvoice: invoiceId,
    grantedAt: at,
  });
}

async function refuseOverdrawn(client: Queryable, invoiceId: string, credits: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    `select g.id from credit_grant g join credit_entry e on e.credit = g.id
     where g.id = any($1::text[]) group by g.id, g.amount_minor having g.amount_minor + sum(e.amount_minor) < 0 order by g.id`,
    [credits],
  );
  const [overdrawn] = rows;
  if (overdrawn === undefined) return;
  throw new InvoiceError(
    'credit_taken',
    `credit ${overdrawn.id} has less left than invoice ${invoiceId} draws: reject it, and rate it as the next revision`,
  );
}

/**
 * Gives back what a void invoice drew, and takes back what it carried, in the transaction of the move. Throws `InvoiceError`
 * `credit_taken` where another invoice has drawn, or is about to draw, what it carried.
 */
export async function returnCredits(
  client: Queryable,
  { invoiceId, reason, at }: { readonly invoiceId: string; readonly reason: string; readonly at: EpochMicros },
): Promise<void> {
  const { rows: payers } = await client.query<{ tenant: string }>(
    `select g.tenant from credit_grant g
     where g.source_invoice = $1::text or exists (select 1 from credit_entry e where e.credit = g.id and e.invoice = $1::text)`,
    [invoiceId],
  );
  await lockPayers(
    client,
    payers.map(({ tenant }) => tenant),
  );
  await client.query(
    `insert into credit_entry (credit, kind, invoice, amount_minor, reason, at)
     select credit, 'given_back', invoice, -amount_minor, $2::text, $3::timestamptz
     from credit_entry where invoice = $1::text and kind = 'drawn'
     on conflict (credit, kind, invoice) do nothing`,
    [invoiceId, reason, formatInstant(at)],
  );
  await withdrawCarried(client, { invoiceId, reason, at: formatInstant(at) });
}

async function withdrawCarried(
  client: Queryable,
  { invoiceId, reason, at }: { readonly invoiceId: string; readonly reason: string; readonly at: InstantText },
): Promise<void> {
  const { rows } = await client.query<{ invoice: string }>(
    `select c.invoice from credit_grant g
     join invoice_claim c on c.kind = 'credit' and c.reference = g.id
     join invoice i on i.id = c.invoice and ${CLAIMS_COUNT}
     where g.source_invoice = $1::text order by c.invoice limit 1`,
    [invoiceId],
  );
  const [taker] = rows;
  if (taker !== undefined) {
    const message = `what invoice ${invoiceId} carried was drawn by invoice ${taker.invoice}: end that one first`;
    throw new InvoiceError('credit_taken', message);
  }
  await client.query(
    `insert into credit_entry (credit, kind, invoice, amount_minor, reason, at)
     select g.id, 'withdrawn', $1::text, -(g.amount_minor + coalesce(sum(e.amount_minor), 0)), $2::text, $3::timestamptz
     from credit_grant g left join credit_entry e on e.credit = g.id
     where g.source_invoice = $1::text
     group by g.id having g.amount_minor + coalesce(sum(e.amount_minor), 0) > 0
     on conflict (credit, kind, invoice) do nothing`,
    [invoiceId, reason, at],
  );
}

/**
 * Takes back what is left of a credit that was granted, without what drafts and held invoices are about to draw: that can
 * be withdrawn when it is free again. A repeat finds nothing left and changes nothing. Answers what was taken, minor units; `0` where nothing was left.
 */
export async function withdrawCredit(
  client: Queryable,
  order: { readonly tenant: string; readonly id: string; readonly reason: string; readonly at: InstantText },
): Promise<string> {
  await lockPayers(client, [order.tenant]);
  const credit = await readCredit(client, order.tenant, order.id);
  if (credit === undefined) throw new InvoiceError('not_found', `tenant ${order.tenant} has no credit ${order.id}`);
  const left = BigInt(credit.balanceMinor) - BigInt(credit.claimedMinor);
  if (left <= 0n) return '0';
  await client.query(
    `insert into credit_entry (credit, kind, invoice, amount_minor, reason, at)
     values ($1::text, 'withdrawn', null, $2::numeric, $3::text, $4::timestamptz)`,
    [order.id, (-left).toString(), order.reason, order.at],
  );
  return left.toString();
}
