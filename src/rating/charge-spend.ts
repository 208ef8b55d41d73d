import type { InvoiceContent, InvoiceLine } from '../domain/invoice.ts';
import type { InstantText } from '../domain/instant.ts';
import { type AmountMinor, formatMinor } from '../domain/money.ts';
import type { Charge } from '../domain/plan.ts';
import { allSpans } from './add-ons.ts';
import { billableQuantity } from './billable-units.ts';
import { exact, ZERO } from './exact.ts';
import type { RatedSpan, RatingInputs } from './inputs.ts';
import { isLineOfCharge } from './invoice-lines.ts';
import { readingOf } from './reading-of.ts';
import { unitOf } from './usage-lines.ts';

/** What one charge has come to in one span of a period. */
export interface ChargeSpend {
  readonly charge: string;
  readonly description: string;
  readonly meter: string;
  readonly unit: string;
  readonly from: InstantText;
  readonly to: InstantText;
  /** Whole units as they are metered, after the filter of the charge. */
  readonly used: string;
  /** Units that cost nothing, and how many are used beyond them, both as they are billed (converted); `null` where parts are priced. */
  readonly included: string | null;
  readonly overage: string | null;
  /** The key of the add-on that it is a charge of; left out: it is one of the tenant's plan. */
  readonly addOn?: string;
  /** With what its minimum adds and its maximum takes, as the invoice has it: minor units, and the same in major ones. */
  readonly amountMinor: string;
  readonly cost: string;
}

/** The charges of rated inputs, span by span in the order of the invoice. */
export function spendOfCharges(inputs: RatingInputs, { lines, currency }: InvoiceContent): ChargeSpend[] {
  return allSpans(inputs).flatMap((span) =>
    span.planVersion.charges.map((charge): ChargeSpend => {
      const amountMinor = amountOf(lines, span, charge);
      const used = span.usage.find((one) => one.charge === charge.key)?.quantity ?? '0';
      return {
        charge: charge.key,
        description: charge.description,
        meter: charge.meter,
        unit: unitOf(inputs, charge.meter),
        from: span.from,
        to: span.to,
        used,
        ...unitsOf(charge, used),
        ...(span.planVersion.addOn === true && { addOn: span.planVersion.key }),
        amountMinor: amountMinor.toString(),
        cost: formatMinor(amountMinor, currency),
      };
    }),
  );
}

function amountOf(lines: readonly InvoiceLine[], { from, to, planVersion }: RatedSpan, charge: Charge): AmountMinor {
  return lines
    .filter((line) => {
      const { planKey, ...span } = line.provenance;
      return isLineOfCharge(line, charge.key) && planKey === planVersion.key && span.from === from && span.to === to;
    })
    .reduce((sum, line) => sum + BigInt(line.amountMinor), 0n);
}

function unitsOf(charge: Charge, used: string): Pick<ChargeSpend, 'included' | 'overage'> {
  if (readingOf(charge).reads !== 'quantity') return { included: null, overage: null };
  const { quantity, freeUnits } = billableQuantity(charge, exact(used).atLeast(ZERO));
  return { included: charge.includedUnits, overage: quantity.minus(freeUnits).text };
}
