import type { InvoiceLine } from '../domain/invoice.ts';
import type { FixedQuantity } from '../domain/plan.ts';
import { type BilledPart, feePeriodText, isBefore, isWithin, ofPart, restOf } from './cadence-parts.ts';
import { Exact, ONE, ZERO } from './exact.ts';
import { atAskedShare, CHARGED_HERE, type ChargedOn, chargedOn, feeBillAt, givesBack } from './given-back.ts';
import type { RatingInputs } from './inputs.ts';
import type { TimeSpan } from './proration.ts';
import { shareOfPeriod } from './proration.ts';
import { heldChanges, type PricedChange, pricedChanges } from './quantity-changes.ts';
import { lineStep, spoken } from './sentences.ts';
import { roundedLine } from './usage-lines.ts';

/**
 * The lines of fixed quantities with a cadence of their own: what is held where a part of their period begins, and each change, for what is
 * left of that period; and what is left where the part ends before that, given back. A bill has those that happen in its own time. What earlier
 * bills charged is given back on a line of its own, as far as they asked for it.
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
  const origins = chargedOn(inputs, changes);
  const charged = pricedChanges(fixed.price, changes, { from: fee.from, to: fee.period.end }, fee.period);
  const made = charged.map((change, index) => ({ ...change, on: origins[index] ?? CHARGED_HERE }));
  const lines = made.filter(({ at }) => isWithin(at, window)).flatMap((one) => changeLines(inputs, part, fixed, one));
  const rest = isOver ? restOf(fee) : undefined;
  if (rest === undefined) return lines;
  const due = pricedChanges(fixed.price, changes, { from: fee.from, to: fee.to }, fee.period);
  const credits = made.map((one, index) => ({ ...one, amount: (due[index]?.amount ?? ZERO).minus(one.amount) }));
  return [...lines, ...restLines(inputs, part, fixed, { rest, credits })];
}

/** A change with where that was charged which it charges or gives back. */
interface MadeChange extends PricedChange {
  readonly on: ChargedOn;
}

/** What of it is a matter of this bill, or gives back what earlier ones charged. */
interface Portion {
  readonly units: Exact;
  readonly amount: Exact;
  /** Of what earlier bills charged: the part of the amount that they asked for. Left out: it is a matter of this bill. */
  readonly asked?: Exact;
}

function portionsOf(changes: readonly MadeChange[]): readonly [own: Portion, earlier: Required<Portion>] {
  const sumOf = (value: (change: MadeChange) => Exact): Exact => Exact.sum(changes.map(value));
  return [
    { units: sumOf(({ units, on }) => units.times(on.own)), amount: sumOf(({ amount, on }) => amount.times(on.own)) },
    {
      units: sumOf(({ units, on }) => units.times(ONE.minus(on.own))),
      amount: sumOf(({ amount, on }) => amount.times(ONE.minus(on.own))),
      asked: sumOf(({ amount, on }) => amount.times(on.asked)),
    },
  ];
}

function changeLines(inputs: RatingInputs, part: BilledPart, fixed: FixedQuantity, change: MadeChange): InvoiceLine[] {
  const { fee } = part;
  const { at, left } = change;
  const isChange = at !== fee.from;
  const key = `quantity:${fixed.key}:${fee.every}:${fee.from}${isChange ? `:change:${at}` : ''}`;
  const how = isChange ? `, ${change.units.isNegative ? 'fewer' : 'more'} from ${at}` : '';
  const portions = portionsOf([change]).filter(({ units }) => !units.isZero);
  return portions.map((portion) =>
    portionLine(inputs, part, fixed, portion, {
      key: keyOf(key, portion, portions),
      description: how,
      sentence: `${spoken(portion.units)} for ${spoken(left)} of the ${fee.every}: ${spoken(portion.amount)}`,
      quantity: portion.units,
      paid: { from: at, to: fee.period.end },
    }),
  );
}

function restLines(
  inputs: RatingInputs,
  part: BilledPart,
  fixed: FixedQuantity,
  { rest, credits }: { readonly rest: TimeSpan; readonly credits: readonly MadeChange[] },
): InvoiceLine[] {
  const { fee } = part;
  const key = `quantity:${fixed.key}:${fee.every}:${fee.from}:rest`;
  const share = `${spoken(shareOfPeriod(rest, fee.period))} of the ${fee.every}`;
  const portions = portionsOf(credits).filter(({ amount }) => !amount.isZero);
  return portions.map((portion) =>
    portionLine(inputs, part, fixed, portion, {
      key: keyOf(key, portion, portions),
      description: `, given back from ${rest.from}`,
      sentence: `${spoken(portion.units)} for ${share}, given back: ${spoken(portion.amount)}`,
      quantity: portion.units.negated(),
      paid: rest,
    }),
  );
}

/** A line of this bill beside one that gives back what earlier ones charged has a name of its own. */
function keyOf(key: string, { asked }: Portion, portions: readonly Portion[]): string {
  return asked === undefined && portions.length > 1 ? `${key}:own` : key;
}

interface PortionText {
  readonly key: string;
  /** What follows the name of the fixed quantity and its period. */
  readonly description: string;
  readonly sentence: string;
  readonly quantity: Exact;
  readonly paid: TimeSpan;
}

function portionLine(
  inputs: RatingInputs,
  { planVersion, fee }: BilledPart,
  fixed: FixedQuantity,
  portion: Portion,
  { key, description, sentence, quantity, paid }: PortionText,
): InvoiceLine {
  const step = lineStep('fixed_quantity', sentence, portion.amount);
  const share = portion.asked === undefined || portion.amount.isZero ? ONE : portion.asked.dividedBy(portion.amount);
  const { amount, steps } = atAskedShare(portion.amount, [step], share);
  const line: InvoiceLine = {
    key,
    kind: 'fixed_quantity',
    description: `${fixed.description} ${feePeriodText(fee)}${description}`,
    quantity: quantity.text,
    unit: fixed.unit,
    ...roundedLine(amount, steps, inputs.tenant.currency),
    provenance: { ...ofPart(inputs, planVersion, paid), charge: fixed.key },
  };
  return portion.asked === undefined ? line : givesBack(line, feeBillAt(inputs, fee.from));
}
