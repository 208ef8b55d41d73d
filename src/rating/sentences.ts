import { groupedText } from '../domain/grouped-text.ts';
import type { LineStep } from '../domain/invoice.ts';
import { type Exact, exact, exactOfText, ONE } from './exact.ts';

/** Steps of a line's arithmetic, in words. They are part of the hashed content: a changed sentence is a new rating version. */

/** An exact number as sentences write it: `1,000,000`, or `25/6` where no decimal is exact. */
export function spoken(value: Exact): string {
  return value.text.split('/').map(groupedText).join('/');
}

/** One step, with the amount it comes to. */
export function lineStep(step: string, sentence: string, amount: Exact): LineStep {
  return { step, sentence, amount: amount.text };
}

/** A step of what is given back, from the step of what it costs. */
export function givenBack({ step, sentence, amount }: LineStep): LineStep {
  return { step, sentence: `${sentence}, given back`, amount: exactOfText(amount).negated().text };
}

/** What is asked for a whole period, and of which part of one: `50 × 10/31 of the period`. */
export function boundText(bound: string, share: Exact): string {
  const whole = spoken(exact(bound));
  return share.equals(ONE) ? whole : `${whole} × ${spoken(share)} of the period`;
}

/** `17,059,974 × 0.000003 = 51.179922` */
export function productStep(step: string, quantity: Exact, unitPrice: Exact): LineStep {
  const amount = quantity.times(unitPrice);
  return lineStep(step, `${spoken(quantity)} × ${spoken(unitPrice)} = ${spoken(amount)}`, amount);
}
