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
export const CHARGED_HERE: ChargedOn = { own: ONE, asked: ZERO };

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

/**
 * Where each change of a fixed quantity was charged. What goes is what came last, so that what comes and goes on one bill is a matter of that
 * bill alone.
 *
 * @param changes of a part of a fee, in order of time, the first being what is held at its beginning
 */
export function chargedOn(
  inputs: Pick<RatingInputs, 'feeBills'>,
  changes: readonly HeldChange[],
): readonly ChargedOn[] {
  const lots: { units: Exact; readonly on: ChargedOn }[] = [];
  return changes.map(({ at, units }) => {
    if (units.isNegative) return takeLast(lots, units.negated());
    const bill = feeBillAt(inputs, at);
    const on = bill === undefined ? CHARGED_HERE : { own: ZERO, asked: askedShare(bill) };
    lots.push({ units, on });
    return on;
  });
}

function takeLast(lots: { units: Exact; readonly on: ChargedOn }[], units: Exact): ChargedOn {
  let [left, own, asked] = [units, ZERO, ZERO];
  for (let lot = lots.at(-1); lot !== undefined && !left.isZero; lot = lots.at(-1)) {
    const taken = left.atMost(lot.units);
    [left, own, asked] = [left.minus(taken), own.plus(taken.times(lot.on.own)), asked.plus(taken.times(lot.on.asked))];
    lot.units = lot.units.minus(taken);
    if (lot.units.isZero) lots.pop();
  }
  return { own: own.dividedBy(units), asked: asked.dividedBy(units) };
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
