import type { InvoiceLine, LineStep } from '../domain/invoice.ts';
import type { FixedQuantity } from '../domain/plan.ts';
import { type BilledPart, feePeriodText, isBefore, isWithin, ofPart, restOf } from './cadence-parts.ts';
import { type ChargedChange, chargedChanges, type ChargedPart } from './charged-changes.ts';
import { Exact, ONE, ZERO } from './exact.ts';
import { atAskedShare, feeBillAt, givesBack } from './given-back.ts';
import type { RatingInputs } from './inputs.ts';
import type { TimeSpan } from './proration.ts';
import { shareOfPeriod } from './proration.ts';
import { heldChanges } from './quantity-changes.ts';
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
  const ofPeriod = { span: { from: fee.from, to: fee.period.end }, period: fee.period };
  const made = chargedChanges(inputs, fixed.price, changes, ofPeriod);
  const lines = made.filter(({ at }) => isWithin(at, window)).flatMap((one) => changeLines(inputs, part, fixed, one));
  const rest = isOver ? restOf(fee) : undefined;
  if (rest === undefined) return lines;
  const due = chargedChanges(inputs, fixed.price, changes, { ...ofPeriod, span: { from: fee.from, to: fee.to } });
  const credits = [
    ...made.flatMap(({ parts }) => parts).map((one) => ({ ...one, amount: one.amount.negated() })),
    ...due.flatMap(({ parts }) => parts).map((one) => ({ ...one, units: ZERO })),
  ];
  return [...lines, ...restLines(inputs, part, fixed, { rest, credits })];
}

/** What of it is a matter of this bill, or gives back what earlier ones charged. */
interface Portion {
  readonly units: Exact;
  readonly amount: Exact;
  /** Of what earlier bills charged: the part of the amount that they asked for. Left out: it is a matter of this bill. */
  readonly asked?: Exact;
}

function portionsOf(parts: readonly ChargedPart[]): readonly [own: Portion, earlier: Required<Portion>] {
  const sumOf = (value: (part: ChargedPart) => Exact): Exact => Exact.sum(parts.map(value));
  return [
    { units: sumOf(({ units, on }) => units.times(on.own)), amount: sumOf(({ amount, on }) => amount.times(on.own)) },
    {
      units: sumOf(({ units, on }) => units.times(ONE.minus(on.own))),
      amount: sumOf(({ amount, on }) => amount.times(ONE.minus(on.own))),
      asked: sumOf(({ amount, on }) => amount.times(on.asked)),
    },
  ];
}

function changeLines(
  inputs: RatingInputs,
  part: BilledPart,
  fixed: FixedQuantity,
  change: ChargedChange,
): InvoiceLine[] {
  const { fee } = part;
  const { at, left } = change;
  const isChange = at !== fee.from;
  const key = `quantity:${fixed.key}:${fee.every}:${fee.from}${isChange ? `:change:${at}` : ''}`;
  const portions = portionsOf(change.parts).filter((portion) => !portion.units.isZero || !isNothing(portion));
  return portions.map((portion) =>
    portionLine(inputs, part, fixed, portion, {
      key: keyOf(key, portion, portions),
      description: isChange ? `, ${changeText(portion.units)} from ${at}` : '',
      sentence: `${unitsText(portion.units)} for ${spoken(left)} of the ${fee.every}: ${spoken(portion.amount)}`,
      quantity: portion.units,
      paid: { from: at, to: fee.period.end },
    }),
  );
}

function restLines(
  inputs: RatingInputs,
  part: BilledPart,
  fixed: FixedQuantity,
  { rest, credits }: { readonly rest: TimeSpan; readonly credits: readonly ChargedPart[] },
): InvoiceLine[] {
  const { fee } = part;
  const key = `quantity:${fixed.key}:${fee.every}:${fee.from}:rest`;
  const share = `${spoken(shareOfPeriod(rest, fee.period))} of the ${fee.every}`;
  const portions = portionsOf(credits).filter((portion) => !isNothing(portion));
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

function isNothing({ amount, asked = ZERO }: Portion): boolean {
  return amount.isZero && asked.isZero;
}

function changeText(units: Exact): string {
  if (units.isZero) return 'at another price';
  return units.isNegative ? 'fewer' : 'more';
}

function unitsText(units: Exact): string {
  return units.isZero ? 'those that were there before' : spoken(units);
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
  const { amount, steps } = askedOf(portion, step);
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

/** What was asked for of a portion. Where some of it is dearer now and some is given back, that is no share of the sum. */
function askedOf({ amount, asked = amount }: Portion, step: LineStep): ReturnType<typeof atAskedShare> {
  if (amount.isZero ? asked.isZero : isShare(asked.dividedBy(amount))) {
    return atAskedShare(amount, [step], amount.isZero ? ONE : asked.dividedBy(amount));
  }
  const sentence = `of ${spoken(amount)}, each part as the bill that charged it asked for it = ${spoken(asked)}`;
  return { amount: asked, steps: [step, lineStep('asked', sentence, asked)] };
}

function isShare(value: Exact): boolean {
  return !value.isNegative && !value.isAbove(ONE);
}
