import { type AskedOfBill, askedOfBill } from '../domain/asked-of-bill.ts';
import { formatInstant, type InstantText } from '../domain/instant.ts';
import { isCycleStarted, isCycleUndecided } from '../ledger/billing-cycles.ts';
import type { Queryable } from '../ledger/database.ts';
import { periodsOf } from '../ledger/periods.ts';
import { issuedInvoiceFor, readInvoice } from './read-invoice.ts';

/** An earlier bill of a tenant, and what it asked for of what it charged, in the form that rating takes it. */
export interface FeeBill {
  /** Its billing period, half-open. */
  readonly start: InstantText;
  readonly end: InstantText;
  /** The invoice that stands for it; `null`: none does. */
  readonly invoiceId: string | null;
  readonly asked: AskedOfBill | null;
}

/** One bill gives back what so many earlier ones charged; for older ones than that, in full. */
const FEE_BILLS_MAX = 1_000;

/**
 * The bills of the periods that instants fall into, in order of time. `undecided`: those that are still being made, or held, as the instants
 * at which their periods begin. What they ask for is not known yet. A period whose billing was never started has no bill here.
 */
export async function readFeeBills(
  db: Queryable,
  tenant: string,
  instants: readonly InstantText[],
): Promise<{ readonly feeBills: readonly FeeBill[]; readonly undecided: readonly InstantText[] }> {
  const periods = instants.length === 0 ? [] : await periodsOf(db, tenant, instants, FEE_BILLS_MAX);
  const feeBills: FeeBill[] = [];
  const undecided: InstantText[] = [];
  for (const { startMicros, endMicros } of periods) {
    const [start, end] = [formatInstant(startMicros), formatInstant(endMicros)];
    const cycle = { tenant, periodStart: start };
    if (await isCycleUndecided(db, cycle)) undecided.push(start);
    else if (await isCycleStarted(db, cycle)) feeBills.push({ start, end, ...(await billOf(db, tenant, start)) });
  }
  return { feeBills, undecided };
}

async function billOf(
  db: Queryable,
  tenant: string,
  occasion: InstantText,
): Promise<Pick<FeeBill, 'invoiceId' | 'asked'>> {
  const summary = await issuedInvoiceFor(db, tenant, occasion);
  const invoice = summary === undefined ? undefined : await readInvoice(db, summary.id);
  return invoice === undefined
    ? { invoiceId: null, asked: null }
    : { invoiceId: invoice.id, asked: askedOfBill(invoice.content) };
}
