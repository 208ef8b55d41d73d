import type { InstantText } from '../domain/instant.ts';
import type { InvoiceLine } from '../domain/invoice.ts';
import type { FixedQuantity } from '../domain/plan.ts';
import { type Exact, exact, ZERO } from './exact.ts';
import { priceFixedQuantity, type QuantityChange } from './fixed-quantity.ts';
import type { HeldQuantity, RatedSpan, RatingInputs } from './inputs.ts';
import { shareOfPeriod } from './proration.ts';
import { lineStep, spoken } from './sentences.ts';
import { lineKey, NO_USAGE, ofSpan, roundedLine } from './usage-lines.ts';

/**
 * The lines of a plan's fixed quantities in a span: what was held at its start, for all of it, and each change for the time that was
 * left: what comes is charged, what goes is given back. Each line is rounded by itself, since the customer sees each of them.
 *
 * Throws `UnpricedQuantityError` where the price covers no such quantity.
 */
export function fixedQuantityLines(inputs: RatingInputs, span: RatedSpan): InvoiceLine[] {
  if (span.trial === true) return [];
  const { fixedQuantities = [] } = span.planVersion;
  return fixedQuantities.flatMap((fixed) => linesOf(inputs, span, fixed));
}

function linesOf(inputs: RatingInputs, span: RatedSpan, fixed: FixedQuantity): InvoiceLine[] {
  const held = (span.quantities ?? []).filter(({ key }) => key === fixed.key);
  const made: QuantityChange[] = [];
  const feeShare = shareOfPeriod(span, inputs.feePeriod);
  let before = ZERO;
  return changesOf(span, held).map(({ at, units }): InvoiceLine => {
    const left = shareOfPeriod({ from: at, to: span.to }, inputs.feePeriod);
    made.push({ units, proratedUnits: units.times(left) });
    const { amount: after } = priceFixedQuantity(fixed.price, made, feeShare);
    const amount = after.minus(before);
    before = after;
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

interface Change {
  readonly at: InstantText;
  /** Negative where it became fewer. */
  readonly units: Exact;
}

/** What is held at a span's start and by how much it changes within; where nothing is said, none is held. */
function changesOf(span: RatedSpan, held: readonly HeldQuantity[]): readonly Change[] {
  const changes: Change[] = [];
  let [count, end] = [ZERO, span.from];
  const become = (at: InstantText, quantity: Exact): void => {
    if (!quantity.equals(count)) changes.push({ at, units: quantity.minus(count) });
    count = quantity;
  };
  for (const { from, to, quantity } of held) {
    if (from !== end) become(end, ZERO);
    become(from, exact(quantity));
    end = to;
  }
  if (end !== span.to) become(end, ZERO);
  return changes;
}
