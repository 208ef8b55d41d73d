import { expect } from 'vitest';

import { Exact, exactOfText } from '../../../src/rating/exact.ts';
import type { PricedQuantity } from '../../../src/rating/models/model.ts';

/** The sentences of what a model priced, of which the amounts must add up to the whole: every test of a model looks at that too. */
export function sentencesOf({ amount, steps }: PricedQuantity): string[] {
  expect(stepSum({ amount, steps })).toBe(amount.text);
  return steps.map(({ sentence }) => sentence);
}

/** The exact amount of what a model priced, after a look at its steps. */
export function amountOf(priced: PricedQuantity): string {
  expect(stepSum(priced)).toBe(priced.amount.text);
  return priced.amount.text;
}

/** What the steps come to that do not conclude from others. */
function stepSum({ steps }: PricedQuantity): string {
  const adding = steps.filter(({ step }) => step !== 'sum');
  return Exact.sum(adding.map(({ amount }) => exactOfText(amount))).text;
}
