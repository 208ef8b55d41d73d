import { expect, test } from 'vitest';

import { heldSpans } from '../../src/rating/held-spans.ts';
import type { RatedSpan } from '../../src/rating/inputs.ts';
import { sampleSpan } from './sample-inputs.ts';

const CUT = '2023-11-11T00:00:00Z';
const OWN: Partial<RatedSpan> = { privatePrices: [{ charge: 'requests', from: CUT }] };

/** Two spans of one plan version that touch. */
function stretches(before: Partial<RatedSpan>, after: Partial<RatedSpan>): number {
  const spans = [sampleSpan({ to: CUT, usage: [], ...before }), sampleSpan({ from: CUT, usage: [], ...after })];
  return heldSpans(spans).length;
}

test.each<[string, Partial<RatedSpan>, Partial<RatedSpan>, number]>([
  ['where a price of the tenant begins', {}, OWN, 1],
  ['where one ends', OWN, {}, 1],
  ['where one follows another', OWN, OWN, 1],
])('a plan is one stretch %s', (_where, before, after, count) => {
  expect(stretches(before, after)).toBe(count);
});

test.each<[string, Partial<RatedSpan>, Partial<RatedSpan>]>([
  ['where no price divides them', {}, {}],
  ['where a trial ends', { ...OWN, trial: true }, OWN],
  ['where time is between them', { ...OWN, to: '2023-11-10T00:00:00Z' }, OWN],
])('two spans are two stretches %s', (_where, before, after) => {
  expect(stretches(before, after)).toBe(2);
});
