import type { InvoiceLine } from '../domain/invoice.ts';
import type { FixedQuantity } from '../domain/plan.ts';
import type { RatedSpan, RatingInputs } from './inputs.ts';
import { heldChanges, pricedChanges } from './quantity-changes.ts';
import { lineStep, spoken } from './sentences.ts';
import { lineKey, NO_USAGE, ofSpan, roundedLine } from './usage-lines.ts';

/**
 * The lines of a plan's fixed quantities in a span: what was held at its start, for all of it, and each change for the time that was
 * left: what comes is charged, what goes is given back. Each line is rounded by itself, since the customer sees each of them. Those with a
 * cadence of their own are in `cadence-quantities.ts`.
 *
 * Throws `UnpricedQuantityError` where the price covers no such quantity.
 */
export function fixedQuantityLines(inputs: RatingInputs, span: RatedSpan): InvoiceLine[] {
  if (span.trial === true) return [];
  const { fixedQuantities = [] } = span.planVersion;
  return fixedQuantities.flatMap((fixed) => (fixed.every === undefined ? linesOf(inputs, span, fixed) : []));
}

function linesOf(inputs: RatingInputs, span: RatedSpan, fixed: FixedQuantity): InvoiceLine[] {
  const held = (span.quantities ?? []).filter(({ key }) => key === fixed.key);
  const changes = pricedChanges(fixed.price, heldChanges(span, held), span, inputs.feePeriod);
  return changes.map(({ at, units, left, amount }): InvoiceLine => {
    const isChange = at !== span.from;
    const sentence = `${spoken(units)} for ${spoken(left)} of the period: ${spoken(amount)}`;
    return {
      key: lineKey(inputs, span, `quantity:${fixed.key}`) + (isChange ? `:change:${at}` : ''),
      kind: 'fixed_quantity',
      description: isChange
        ? `${fixed.description}, ${units.isNegative ? 'fewer' : 'more'} from ${at}`
        : fixed.description,
      quantity: units.text,
      unit: fixed.unit,
      ...roundedLine(amount, [lineStep('fixed_quantity', sentence, amount)], inputs.tenant.currency),
      provenance: { ...ofSpan(inputs, span), ...NO_USAGE, charge: fixed.key, from: at },
    };
  });
}
