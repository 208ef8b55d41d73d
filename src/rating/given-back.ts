import type { InstantText } from '../domain/instant.ts';
import type { InvoiceLine, LineStep } from '../domain/invoice.ts';
import { isBefore, isWithin } from './cadence-parts.ts';
import { isMinorUnits } from './check-decimal.ts';
import { Exact, exact, ONE, ZERO } from './exact.ts';
import type { FeeBill, RatingInputs } from './inputs.ts';
import type { HeldChange } from './quantity-changes.ts';
import { lineStep, spoken } from './sentences.ts';

/** Where an amount of a fee was charged that is given back: on this bill, and then its coupons are on both, or on earlier ones. */
export interface ChargedOn {
  /** Which part of it this bill charges. */
  readonly own: Exact;
  /** Which part of it earlier bills asked for, behind their coupons. With `own` it may be less than 1, never more. */
  readonly asked: Exact;
}

/** Wholly on this bill. */
const CHARGED_HERE: ChargedOn = { own: ONE, asked: ZERO };

/** The earlier bill that charged what fell due at an instant; `undefined`: this one does, or nobody asked. */
export function feeBillAt({ feeBills = [] }: Pick<RatingInputs, 'feeBills'>, at: InstantText): FeeBill | undefined {
  return feeBills.find(({ start, end }) => isWithin(at, { from: start, to: end }));
}

/** Which share of what it charged a bill asked for; nothing where no invoice stands. */
export function askedShare({ asked }: Pick<FeeBill, 'asked'>): Exact {
  return asked === null ? ZERO : Exact.ratio(BigInt(asked.afterMinor), BigInt(asked.beforeMinor));
}

/** An amount at the share that was asked for, with the step that says so. Of an amount that was asked for in full: itself. */
export function atAskedShare(
  amount: Exact,
  steps: readonly LineStep[],
  share: Exact,
): { readonly amount: Exact; readonly steps: readonly LineStep[] } {
  if (share.equals(ONE)) return { amount, steps };
  const asked = amount.times(share);
  const sentence = `${spoken(amount)} × ${spoken(share)}, which the bill that charged it asked for = ${spoken(asked)}`;
  return { amount: asked, steps: [...steps, lineStep('asked', sentence, asked)] };
}

/** Names the earlier bill on a line that gives back what it charged. */
export function givesBack(line: InvoiceLine, bill: FeeBill | undefined): InvoiceLine {
  return { ...line, provenance: { ...line.provenance, billedInvoiceId: bill?.invoiceId ?? null } };
}

/** Units that come or go, or an amount, with where they were charged. */
export interface Charged {
  readonly units: Exact;
  readonly on: ChargedOn;
}

/** Where what falls due at an instant is charged. */
export function chargedAt(inputs: Pick<RatingInputs, 'feeBills'>, at: InstantText): ChargedOn {
  const bill = feeBillAt(inputs, at);
  return bill === undefined ? CHARGED_HERE : { own: ZERO, asked: askedShare(bill) };
}

/**
 * Where the units of each change of a fixed quantity were charged, in the order in which they come or go. What goes is what came last, so
 * that what comes and goes on one bill is a matter of that bill alone. Units beside each other that were charged alike are one item.
 *
 * @param changes of a part of a fee, in order of time, the first being what is held at its beginning
 */
export function chargedUnits(
  inputs: Pick<RatingInputs, 'feeBills'>,
  changes: readonly HeldChange[],
): readonly (readonly Charged[])[] {
  const lots: Charged[] = [];
  return changes.map(({ at, units }) => changeLots(lots, { units, on: chargedAt(inputs, at) }));
}

/**
 * Adds to lots, or takes from the last of them what is negative. Returns what was added or taken, by where it was charged.
 *
 * @param lots what is there, in the order in which it came; is changed
 */
export function changeLots(lots: Charged[], change: Charged): readonly Charged[] {
  if (!change.units.isNegative) {
    lots.push(change);
    return [change];
  }
  const taken: Charged[] = [];
  let left = change.units.negated();
  while (!left.isZero) {
    // Of what nobody holds, nothing was asked for.
    const lot = lots.pop() ?? { units: left, on: { own: ZERO, asked: ZERO } };
    const units = left.atMost(lot.units);
    if (lot.units.isAbove(units)) lots.push({ ...lot, units: lot.units.minus(units) });
    left = left.minus(units);
    const last = taken.at(-1);
    const isAlike = last !== undefined && isChargedAlike(last.on, lot.on);
    if (isAlike) taken.pop();
    taken.push({ units: (isAlike ? last.units : ZERO).minus(units), on: lot.on });
  }
  return taken;
}

/** Whether two things were charged alike: on this bill, or on bills that asked for the same share. */
export function isChargedAlike(one: ChargedOn, other: ChargedOn): boolean {
  return one.own.equals(other.own) && one.asked.equals(other.asked);
}

/** What is wrong with earlier bills of fees, as sentences: shares that nobody could have been asked for. */
export function checkFeeBills({ feeBills = [], billedAhead }: RatingInputs): string[] {
  const bills = [...feeBills, ...(billedAhead?.asked === undefined ? [] : [billedAhead])];
  const unread = bills.filter(({ asked = null }) => asked !== null && !isShare(asked));
  const empty = feeBills.filter(({ start, end }) => !isBefore(start, end));
  return [
    ...unread.map(({ invoiceId }) => `what invoice ${invoiceId} asked for of its fees is no share of what it charged`),
    ...empty.map(({ start, end }) => `an earlier bill of fees is for no time: ${start} to ${end}`),
  ];
}

function isShare({ beforeMinor, afterMinor }: NonNullable<FeeBill['asked']>): boolean {
  if (![beforeMinor, afterMinor].every(isMinorUnits) || beforeMinor === '0') return false;
  return !exact(afterMinor).isAbove(exact(beforeMinor));
}
