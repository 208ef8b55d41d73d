import type { InvoiceLine } from '../domain/invoice.ts';
import type { RatedSpan, RatingInputs } from './inputs.ts';
import { minorToExact } from './rounding.ts';
import { lineStep, spoken } from './sentences.ts';
import { NO_USAGE, ofSpan } from './usage-lines.ts';

/** What earlier bills of the period billed, taken off: so that increments add up to the whole. */
export function billedLines(inputs: RatingInputs): InvoiceLine[] {
  const [span] = inputs.spans;
  if (span === undefined) return [];
  return inputs.earlier.flatMap(({ invoiceId, amounts }) =>
    amounts.map(({ key, amountMinor }): InvoiceLine => {
      const billed = minorToExact(BigInt(amountMinor), inputs.tenant.currency);
      const taken = billed.negated();
      return {
        key: `billed:${invoiceId}:${key}`,
        kind: 'already_billed',
        description: `${descriptionOf(inputs.spans, key)}, already billed`,
        quantity: '1',
        unit: 'bill',
        exactAmount: taken.text,
        amountMinor: (-BigInt(amountMinor)).toString(),
        provenance: { ...ofSpan(inputs, span), ...NO_USAGE, charge: null, billedInvoiceId: invoiceId },
        steps: [lineStep('billed', `${spoken(billed)} billed on ${invoiceId}`, taken)],
      };
    }),
  );
}

/** What the invoice calls a charge or the base fee; a charge that the plan no longer has goes by its key. */
function descriptionOf(spans: readonly RatedSpan[], key: string): string {
  const plans = spans.map(({ planVersion }) => planVersion);
  if (key === 'base') return `${plans[0]?.name ?? key}, base fee`;
  const charge = plans.flatMap(({ charges }) => charges).find((one) => one.key === key);
  return charge?.description ?? key;
}
