import { type Decimal, decimalText } from '../domain/decimal.ts';
import { groupedText } from '../domain/grouped-text.ts';
import type { LineStep } from '../domain/invoice.ts';

/** Steps of a line's arithmetic, in words. They are part of the hashed content: a changed sentence is a new rating version. */

/** A decimal as sentences write it: `1,000,000`. */
export function spoken(value: Decimal): string {
  return groupedText(decimalText(value));
}

/** One step, with the amount it comes to. */
export function lineStep(step: string, sentence: string, amount: Decimal): LineStep {
  return { step, sentence, amount: decimalText(amount) };
}

/** `17,059,974 × 0.000003 = 51.179922` */
export function productStep(step: string, quantity: Decimal, unitPrice: Decimal): LineStep {
  const amount = quantity.times(unitPrice);
  return lineStep(step, `${spoken(quantity)} × ${spoken(unitPrice)} = ${spoken(amount)}`, amount);
}
