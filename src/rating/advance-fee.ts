import type { InvoiceLine } from '../domain/invoice.ts';
import { exact } from './exact.ts';
import type { RatingInputs } from './inputs.ts';
import { ofWholeBill } from './invoice-lines.ts';
import { proratedFee } from './proration.ts';
import { minorToExact } from './rounding.ts';
import { lineStep, spoken } from './sentences.ts';
import { roundedLine } from './usage-lines.ts';

/** The key of the line that bills a base fee ahead of its period. */
export const ADVANCE_KEY = 'base:advance';

/**
 * Base fees that are billed in advance: what an earlier invoice billed ahead for this period is taken off, exactly as it was billed,
 * and the fee of the next period is added, where it has no cadence of its own. So a plan that changed in between costs what it did cost, to the second.
 */
export function advanceFeeLines(inputs: RatingInputs): InvoiceLine[] {
  return [...billedAheadLines(inputs), ...nextFeeLines(inputs)];
}

function billedAheadLines(inputs: RatingInputs): InvoiceLine[] {
  const { billedAhead, tenant } = inputs;
  if (billedAhead === undefined) return [];
  const { invoiceId, amountMinor } = billedAhead;
  const taken = minorToExact(-BigInt(amountMinor), tenant.currency);
  return [
    {
      key: `billed:${invoiceId}:${ADVANCE_KEY}`,
      kind: 'already_billed',
      description: 'Base fee, billed in advance',
      quantity: '1',
      unit: 'bill',
      ...roundedLine(taken, [lineStep('billed', `billed by ${invoiceId}: ${spoken(taken)}`, taken)], tenant.currency),
      provenance: { ...ofWholeBill(inputs), billedInvoiceId: invoiceId },
    },
  ];
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
