import type { LineStep } from '../domain/invoice.ts';
import { type Exact, exact } from './exact.ts';
import { lineStep, spoken } from './sentences.ts';

const PERCENT = exact('0.01');

/** So many percent of an amount. */
export function shareOf(amount: Exact, percent: Exact): Exact {
  return amount.times(percent).times(PERCENT);
}

/** `10 × 2.99 % = 0.299` */
export function shareStep(step: string, amount: Exact, percent: Exact): LineStep {
  const share = shareOf(amount, percent);
  return lineStep(step, `${spoken(amount)} × ${spoken(percent)} % = ${spoken(share)}`, share);
}
