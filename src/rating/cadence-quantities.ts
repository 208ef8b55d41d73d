import type { InvoiceLine } from '../domain/invoice.ts';
import type { FixedQuantity } from '../domain/plan.ts';
import { type BilledPart, feePeriodText, isBefore, isWithin, ofPart, restOf } from './cadence-parts.ts';
import { Exact } from './exact.ts';
import type { RatingInputs } from './inputs.ts';
import type { TimeSpan } from './proration.ts';
import { shareOfPeriod } from './proration.ts';
import { heldChanges, type PricedChange, pricedChanges } from './quantity-changes.ts';
import { lineStep, spoken } from './sentences.ts';
import { roundedLine } from './usage-lines.ts';

/**
 * The lines of fixed quantities with a cadence of their own: what is held where a part of their period begins, and each change, for what is
 * left of that period; and what is left where the part ends before that, given back. A bill has those that happen in its own time.
 *
 * Throws `UnpricedQuantityError` where the price covers no such quantity.
 */
export function cadenceQuantityLines(inputs: RatingInputs, parts: readonly BilledPart[]): InvoiceLine[] {
  return parts.flatMap((part) => {
    const { fixedQuantities = [] } = part.planVersion;
    return fixedQuantities
      .filter(({ every }) => every === part.fee.every)
      .flatMap((fixed) => linesOf(inputs, part, fixed));
  });
}

function linesOf(inputs: RatingInputs, part: BilledPart, fixed: FixedQuantity): InvoiceLine[] {
  const { fee, window, isOver } = part;
  const held = (fee.quantities ?? []).filter(({ key }) => key === fixed.key);
  const until = isBefore(fee.to, window.to) ? fee.to : window.to;
  const changes = heldChanges({ from: fee.from, to: until }, held);
  const charged = pricedChanges(fixed.price, changes, { from: fee.from, to: fee.period.end }, fee.period);
  const lines = charged
    .filter(({ at }) => isWithin(at, window))
    .map((change) => changeLine(inputs, part, fixed, change));
  const rest = isOver ? restOf(fee) : undefined;
  if (rest === undefined) return lines;
  const due = pricedChanges(fixed.price, changes, { from: fee.from, to: fee.to }, fee.period);
  const credit = sumOf(due).minus(sumOf(charged));
  const units = Exact.sum(changes.map((change) => change.units));
  return credit.isZero ? lines : [...lines, restLine(inputs, part, fixed, { rest, units, credit })];
}

function sumOf(changes: readonly PricedChange[]): Exact {
  return Exact.sum(changes.map(({ amount }) => amount));
}

function changeLine(
  inputs: RatingInputs,
  { planVersion, fee }: BilledPart,
  { key, description, unit }: FixedQuantity,
  { at, units, left, amount }: PricedChange,
): InvoiceLine {
  const isChange = at !== fee.from;
  const change = isChange ? `, ${units.isNegative ? 'fewer' : 'more'} from ${at}` : '';
  const sentence = `${spoken(units)} for ${spoken(left)} of the ${fee.every}: ${spoken(amount)}`;
  return {
    key: `quantity:${key}:${fee.every}:${fee.from}${isChange ? `:change:${at}` : ''}`,
    kind: 'fixed_quantity',
    description: `${description} ${feePeriodText(fee)}${change}`,
    quantity: units.text,
    unit,
    ...roundedLine(amount, [lineStep('fixed_quantity', sentence, amount)], inputs.tenant.currency),
    provenance: { ...ofPart(inputs, planVersion, { from: at, to: fee.period.end }), charge: key },
  };
}

function restLine(
  inputs: RatingInputs,
  { planVersion, fee }: BilledPart,
  { key, description, unit }: FixedQuantity,
  { rest, units, credit }: { readonly rest: TimeSpan; readonly units: Exact; readonly credit: Exact },
): InvoiceLine {
  const share = spoken(shareOfPeriod(rest, fee.period));
  const sentence = `${spoken(units)} for ${share} of the ${fee.every}, given back: ${spoken(credit)}`;
  return {
    key: `quantity:${key}:${fee.every}:${fee.from}:rest`,
    kind: 'fixed_quantity',
    description: `${description} ${feePeriodText(fee)}, given back from ${rest.from}`,
    quantity: units.negated().text,
    unit,
    ...roundedLine(credit, [lineStep('fixed_quantity', sentence, credit)], inputs.tenant.currency),
    provenance: { ...ofPart(inputs, planVersion, rest), charge: key },
  };
}
