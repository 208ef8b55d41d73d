import type { InvoiceLine } from '../domain/invoice.ts';
import { type BilledPart, feePeriodText, isWithin, ofPart, restOf } from './cadence-parts.ts';
import { exact, ONE } from './exact.ts';
import { askedShare, atAskedShare, feeBillAt, givesBack } from './given-back.ts';
import type { RatingInputs } from './inputs.ts';
import { proratedFee, type TimeSpan } from './proration.ts';
import { givenBack } from './sentences.ts';
import { roundedLine } from './usage-lines.ts';

/**
 * The lines of a base fee with a cadence of its own. In advance: the fee for what is left of its period, where its part begins; and what is
 * left where the part ends before that, given back. In arrears: the fee for the part, where it ends.
 */
export function cadenceFeeLines(inputs: RatingInputs, parts: readonly BilledPart[]): InvoiceLine[] {
  return parts
    .filter(({ planVersion, fee }) => planVersion.baseFeeEvery === fee.every && !exact(planVersion.baseFee).isZero)
    .flatMap((part) => (part.planVersion.baseFeeDue === 'advance' ? advanceLines : arrearsLines)(inputs, part));
}

function advanceLines(inputs: RatingInputs, part: BilledPart): InvoiceLine[] {
  const { fee, window, isOver } = part;
  const rest = isOver ? restOf(fee) : undefined;
  return [
    ...(isWithin(fee.from, window) ? [chargeLine(inputs, part, { from: fee.from, to: fee.period.end })] : []),
    ...(rest === undefined ? [] : [restLine(inputs, part, rest)]),
  ];
}

function arrearsLines(inputs: RatingInputs, part: BilledPart): InvoiceLine[] {
  return part.isOver ? [chargeLine(inputs, part, part.fee)] : [];
}

function chargeLine(inputs: RatingInputs, { planVersion, fee }: BilledPart, paid: TimeSpan): InvoiceLine {
  const { amount, steps } = proratedFee('base fee', exact(planVersion.baseFee), paid, fee.period, fee.every);
  return {
    key: `base:${fee.every}:${fee.from}`,
    kind: 'base_fee',
    description: `${planVersion.name}, base fee ${feePeriodText(fee)}`,
    quantity: '1',
    unit: fee.every,
    ...roundedLine(amount, steps, inputs.tenant.currency),
    provenance: ofPart(inputs, planVersion, { from: paid.from, to: paid.to }),
  };
}

function restLine(inputs: RatingInputs, { planVersion, fee }: BilledPart, rest: TimeSpan): InvoiceLine {
  const bill = feeBillAt(inputs, fee.from);
  const whole = proratedFee('base fee', exact(planVersion.baseFee), rest, fee.period, fee.every);
  const share = bill === undefined ? ONE : askedShare(bill);
  const { amount, steps } = atAskedShare(whole.amount.negated(), whole.steps.map(givenBack), share);
  const line: InvoiceLine = {
    key: `base:${fee.every}:${fee.from}:rest`,
    kind: 'base_fee',
    description: `${planVersion.name}, base fee ${feePeriodText(fee)}, given back from ${rest.from}`,
    quantity: '1',
    unit: fee.every,
    ...roundedLine(amount, steps, inputs.tenant.currency),
    provenance: ofPart(inputs, planVersion, rest),
  };
  return bill === undefined ? line : givesBack(line, bill);
}
