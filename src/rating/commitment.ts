import type { LineStep } from '../domain/invoice.ts';
import type { Commitment } from '../domain/plan.ts';
import { type Exact, exact, ONE, ZERO } from './exact.ts';
import { lineStep, spoken } from './sentences.ts';

/** Where an amount stands in its period, major units. */
export interface CommittedAmount {
  readonly amount: Exact;
  /** What earlier bills of the period came to. */
  readonly billed: Exact;
  /** Only the last bill of a period makes up for what is missing. */
  readonly isLast: boolean;
}

/**
 * What a commitment adds to an amount: what is missing to it, or the overage factor on what goes beyond. `undefined` where it adds
 * nothing; a factor below 1 takes something off.
 *
 * @param promised the commitment's amount, where the period is a part of the one that it is for
 */
export function commitmentStep(
  commitment: Commitment,
  { amount, billed, isLast }: CommittedAmount,
  promised: Exact = exact(commitment.amount),
): { readonly change: Exact; readonly step: LineStep } | undefined {
  const left = promised.minus(billed).atLeast(ZERO);
  const above = amount.minus(left);
  if (above.isNegative) {
    if (!commitment.trueUp || !isLast) return undefined;
    const missing = above.negated();
    const sentence = `${spoken(missing)} missing to the commitment of ${spoken(promised)}`;
    return { change: missing, step: lineStep('true_up', sentence, missing) };
  }
  const dearer = above.times(exact(commitment.overageFactor).minus(ONE));
  if (dearer.isZero) return undefined;
  const sentence = `${spoken(above)} above the commitment × ${commitment.overageFactor}: ${spoken(dearer)} more`;
  return { change: dearer, step: lineStep('overage', sentence, dearer) };
}
