import type { InvoiceLine } from '../domain/invoice.ts';
import { type Exact, exact } from './exact.ts';
import { askedShare, atAskedShare } from './given-back.ts';
import type { FeeBill, RatingInputs } from './inputs.ts';
import { exactSumOfLines, ofWholeBill } from './invoice-lines.ts';
import { proratedFee } from './proration.ts';
import { minorToExact } from './rounding.ts';
import { lineStep, spoken } from './sentences.ts';
import { roundedLine } from './usage-lines.ts';

/** The key of the line that bills a base fee ahead of its period. */
export const ADVANCE_KEY = 'base:advance';

/**
 * Base fees that are billed in advance: what an earlier invoice billed ahead for this period is taken off, exactly as it was billed,
 * and the fee of the next period is added, where it has no cadence of its own. So a plan that changed in between costs what it did cost, to the
 * second. Where more was billed ahead than is due now, the rest is given back as far as that invoice asked for it: its coupons had lowered it.
 *
 * @param lines of the period, among them what is due of its base fee now
 */
export function advanceFeeLines(inputs: RatingInputs, lines: readonly InvoiceLine[]): InvoiceLine[] {
  return [...billedAheadLines(inputs, lines), ...nextFeeLines(inputs)];
}

function billedAheadLines(inputs: RatingInputs, lines: readonly InvoiceLine[]): InvoiceLine[] {
  const { billedAhead, tenant } = inputs;
  if (billedAhead === undefined) return [];
  const { invoiceId, amountMinor, asked } = billedAhead;
  const ahead = minorToExact(BigInt(amountMinor), tenant.currency);
  const due = exactSumOfLines(lines.filter(isFeeOfPeriod), tenant.currency);
  if (asked === undefined || !ahead.isAbove(due)) return [billedAheadLine(inputs, invoiceId, ahead)];
  const rest = givenBackLine(inputs, { invoiceId, asked }, ahead.minus(due));
  return due.isZero ? [rest] : [billedAheadLine(inputs, invoiceId, due), rest];
}

/** Fees with a cadence of their own are by the year, or another length. */
function isFeeOfPeriod({ kind, unit }: InvoiceLine): boolean {
  return kind === 'base_fee' && unit === 'period';
}

function billedAheadLine(inputs: RatingInputs, invoiceId: string, ahead: Exact): InvoiceLine {
  const taken = ahead.negated();
  const steps = [lineStep('billed', `billed by ${invoiceId}: ${spoken(taken)}`, taken)];
  return {
    key: `billed:${invoiceId}:${ADVANCE_KEY}`,
    kind: 'already_billed',
    description: 'Base fee, billed in advance',
    quantity: '1',
    unit: 'bill',
    ...roundedLine(taken, steps, inputs.tenant.currency),
    provenance: { ...ofWholeBill(inputs), billedInvoiceId: invoiceId },
  };
}

function givenBackLine(inputs: RatingInputs, bill: Pick<FeeBill, 'invoiceId' | 'asked'>, rest: Exact): InvoiceLine {
  const taken = rest.negated();
  const billed = lineStep('billed', `billed by ${bill.invoiceId} and not due: ${spoken(taken)}`, taken);
  const { amount, steps } = atAskedShare(taken, [billed], askedShare(bill));
  return {
    key: `billed:${bill.invoiceId}:${ADVANCE_KEY}:rest`,
    kind: 'base_fee',
    description: 'Base fee, billed in advance and given back',
    quantity: '1',
    unit: 'bill',
    ...roundedLine(amount, steps, inputs.tenant.currency),
    provenance: { ...ofWholeBill(inputs), billedInvoiceId: bill.invoiceId },
  };
}

function nextFeeLines(inputs: RatingInputs): InvoiceLine[] {
  const { next, tenant } = inputs;
  if (next === undefined || next.planVersion.baseFeeDue !== 'advance') return [];
  if (next.planVersion.baseFeeEvery !== undefined) return [];
  const { planVersion, start, end, feeStart = start, feeEnd = end } = next;
  const fee = exact(planVersion.baseFee);
  if (fee.isZero) return [];
  // A last period that is cut, or one that is shortened, is not billed whole: nothing comes after it that would pay the rest back.
  const { amount, steps } = proratedFee('base fee', fee, { from: start, to: end }, { start: feeStart, end: feeEnd });
  return [
    {
      key: ADVANCE_KEY,
      kind: 'base_fee',
      description: `${planVersion.name}, base fee in advance`,
      quantity: '1',
      unit: 'period',
      ...roundedLine(amount, steps, tenant.currency),
      provenance: {
        ...ofWholeBill(inputs),
        planKey: planVersion.key,
        planVersion: planVersion.version,
        from: start,
        to: end,
        usagePeriodStart: start,
      },
    },
  ];
}
