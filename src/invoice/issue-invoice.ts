import { addToWall } from '../domain/calendar-arithmetic.ts';
import { instantOfWall, wallAt } from '../domain/calendar-zone.ts';
import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { dueMinorOf, type InvoiceContent } from '../domain/invoice.ts';
import type { Queryable } from '../ledger/database.ts';
import { settleCredits } from './credit-entries.ts';
import { InvoiceError } from './invoice-error.ts';
import { lockInvoiceAndPayer, type LockedInvoice } from './lock-invoice.ts';
import { moveInvoice } from './move-invoice.ts';
import { BILLING_ACTOR, recordMove } from './record-move.ts';
import { isAllowedMove } from './status-moves.ts';

/** What to issue, and what to print on it. */
export interface InvoiceToIssue {
  readonly invoiceId: string;
  readonly at: EpochMicros;
  /** Tips of the ledger's chains, as text. */
  readonly chainTip: string;
  /** The person who approved it, where one did. */
  readonly actor?: string;
}

/** What issuing gave the invoice. The digest is hex. */
export interface IssuedInvoice {
  readonly number: string;
  readonly issuedAt: InstantText;
  readonly dueAt: InstantText;
  readonly contentDigest: string;
}

const NUMBER_DIGITS_MIN = 6;

/**
 * Makes a draft or held invoice binding, in the caller's transaction: gives it the next number of its series, the issue time
 * and the due date, and freezes it. The number's row lock is held until that transaction ends, so numbers have no gaps: a
 * rolled back one is given to the next. Keep the transaction short.
 *
 * What it draws of credits is booked with it, and what it carries becomes credit. One of which nothing is due is paid at once.
 *
 * Idempotent: an issued invoice answers what it has. Throws `InvoiceError` `not_found`, `move_not_allowed` or `credit_taken`.
 */
export async function issueInvoice(client: Queryable, issue: InvoiceToIssue): Promise<IssuedInvoice> {
  const row = await lockInvoiceAndPayer(client, issue.invoiceId);
  const alreadyIssued = issuedOf(row);
  if (alreadyIssued !== undefined) return alreadyIssued;
  if (!isAllowedMove(row.status, 'issued')) {
    throw new InvoiceError('move_not_allowed', `invoice ${row.id} is ${row.status} and cannot be issued`);
  }
  const issuedAt = formatInstant(issue.at);
  const content = JSON.parse(row.content) as InvoiceContent;
  const dueAt = dueDate(content, issue.at);
  await settleCredits(client, row.id, content, issuedAt);
  // Last of all what other issuing transactions wait for.
  const series = row.kind === 'credit_note' ? 'CN' : 'INV';
  const number = await nextNumber(client, series);
  await client.query(
    `update invoice set status = 'issued', series = $2::text, number = $3::text, issued_at = $4::timestamptz,
       due_at = $5::timestamptz, chain_tip = $6::text
     where id = $1::text`,
    [row.id, series, number, issuedAt, dueAt, issue.chainTip],
  );
  await recordMove(client, {
    invoiceId: row.id,
    from: row.status,
    to: 'issued',
    actor: issue.actor ?? BILLING_ACTOR,
    reason: `issued as ${number}`,
    at: issue.at,
  });
  if (dueMinorOf(content) === 0n) await settleAtOnce(client, row.id, content, issue.at);
  return { number, issuedAt, dueAt, contentDigest: row.content_digest };
}

function issuedOf(row: LockedInvoice): IssuedInvoice | undefined {
  if (row.number === null || row.issued_at === null || row.due_at === null) return undefined;
  return { number: row.number, issuedAt: row.issued_at, dueAt: row.due_at, contentDigest: row.content_digest };
}

/** Nobody would ever report a payment of nothing: an invoice of which nothing is due is paid when it is issued. */
async function settleAtOnce(client: Queryable, id: string, content: InvoiceContent, at: EpochMicros): Promise<void> {
  const isPaidByCredit = (content.creditLines ?? []).length > 0;
  const reason = isPaidByCredit ? 'nothing is due: credit paid all of it' : 'nothing is due';
  await moveInvoice(client, { invoiceId: id, to: 'paid', actor: BILLING_ACTOR, reason, at });
}

/** Payment terms are days of the tenant's calendar: the due date has the issue's time of day. */
function dueDate({ timeZone, paymentTermsDays }: InvoiceContent, at: EpochMicros): InstantText {
  if (paymentTermsDays === 0) return formatInstant(at);
  return formatInstant(instantOfWall(timeZone, addToWall(wallAt(timeZone, at), 'day', paymentTermsDays)));
}

async function nextNumber(client: Queryable, series: 'INV' | 'CN'): Promise<string> {
  const { rows } = await client.query<{ last_number: string }>(
    'update invoice_series set last_number = last_number + 1 where series = $1::text returning last_number::text',
    [series],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`the number series ${series} is missing: was the schema migrated?`);
  return `${series}-${row.last_number.padStart(NUMBER_DIGITS_MIN, '0')}`;
}
