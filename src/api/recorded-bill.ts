import type { InstantText } from '../domain/instant.ts';
import { parseJson } from '../domain/parse-json.ts';
import type { Queryable } from '../ledger/database.ts';
import type { InvoiceSummary } from '../invoice/invoice-record.ts';
import { issuedInvoiceFor, readInvoiceInputs } from '../invoice/read-invoice.ts';
import type { RatingInputs } from '../rating/inputs.ts';

/** The invoice that billed a period, and what it was rated from. */
export interface RecordedBill {
  readonly invoice: InvoiceSummary;
  /** `null` where they are of a form that is not rated any more. */
  readonly inputs: RatingInputs | null;
}

/** Reads the bill of a period; `undefined` when none was issued. */
export async function readRecordedBill(
  db: Queryable,
  tenant: string,
  periodStart: InstantText,
): Promise<RecordedBill | undefined> {
  const invoice = await issuedInvoiceFor(db, tenant, periodStart);
  if (invoice === undefined) return undefined;
  const inputs = parseJson((await readInvoiceInputs(db, invoice.id)) ?? 'null') as Partial<RatingInputs> | null;
  return { invoice, inputs: Array.isArray(inputs?.spans) ? (inputs as RatingInputs) : null };
}
