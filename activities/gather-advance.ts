import { planAt, type TenantEntry } from '../src/catalog/catalogue-snapshot.ts';
import { feePeriodOf } from '../src/catalog/period-spans.ts';
import { trialEnd } from '../src/catalog/trial.ts';
import { askedOfBill } from '../src/domain/asked-of-bill.ts';
import { periodAfter, periodAt, type Period, periodName } from '../src/domain/period.ts';
import { periodTexts } from '../src/domain/window-texts.ts';
import { issuedInvoiceFor, readInvoice } from '../src/invoice/read-invoice.ts';
import { isCycleUndecided } from '../src/ledger/billing-cycles.ts';
import type { Queryable } from '../src/ledger/database.ts';
import { ADVANCE_KEY } from '../src/rating/advance-fee.ts';
import type { RatingInputs } from '../src/rating/inputs.ts';

/** What base fees in advance add to the inputs of a bill; or what it waits for. */
export type GatheredAdvance =
  { readonly inputs: Pick<RatingInputs, 'next' | 'billedAhead'> } | { readonly notYet: string };

/**
 * The period after this one, where its base fee is due in advance, and what the bill of the period before billed ahead for this one.
 * A next period that begins in a trial is not billed ahead: what is due of its fee is on its own bill.
 */
export async function gatherAdvance(db: Queryable, entry: TenantEntry, period: Period): Promise<GatheredAdvance> {
  // Most tenants have no such plan, and their earlier invoices need not be read.
  if (!entry.plans.some(({ plan }) => plan.baseFeeDue === 'advance')) return { inputs: {} };
  const billedAhead = await readBilledAhead(db, entry, period);
  if (billedAhead !== undefined && 'notYet' in billedAhead) return billedAhead;
  const next = nextPeriod(entry, period);
  return { inputs: { ...(next === undefined ? {} : { next }), ...(billedAhead === undefined ? {} : { billedAhead }) } };
}

function nextPeriod(entry: TenantEntry, period: Period): RatingInputs['next'] {
  const after = periodAfter(entry.calendar, period);
  const planVersion = planAt(entry, period.endMicros);
  if (after === undefined || planVersion?.baseFeeDue !== 'advance') return undefined;
  if (planVersion.baseFeeEvery !== undefined) return undefined;
  if ((trialEnd(entry) ?? -Infinity) > after.startMicros) return undefined;
  const { start, end } = periodTexts(after);
  const { start: feeStart, end: feeEnd } = periodTexts(feePeriodOf(entry, after));
  return {
    start,
    end,
    ...(feeStart === start ? {} : { feeStart }),
    ...(feeEnd === end ? {} : { feeEnd }),
    planVersion,
  };
}

async function readBilledAhead(
  db: Queryable,
  { tenant, calendar }: TenantEntry,
  period: Period,
): Promise<NonNullable<RatingInputs['billedAhead']> | { readonly notYet: string } | undefined> {
  const before = periodAt(calendar, period.startMicros - 1);
  if (before === undefined) return undefined;
  const occasion = periodName(before);
  if (await isCycleUndecided(db, { tenant: tenant.id, periodStart: occasion })) {
    return { notYet: `the bill of ${occasion} is not decided: it may bill the base fee of this period in advance` };
  }
  const summary = await issuedInvoiceFor(db, tenant.id, occasion);
  const invoice = summary === undefined ? undefined : await readInvoice(db, summary.id);
  const line = invoice?.content.lines.find(({ key }) => key === ADVANCE_KEY);
  if (invoice === undefined || line === undefined) return undefined;
  return { invoiceId: invoice.id, amountMinor: line.amountMinor, asked: askedOfBill(invoice.content) };
}
