import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Charge } from '../../src/domain/plan.ts';
import { checkPlan } from '../../src/rating/check-plan.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { generatedCharges, generatedMeter, RATING_RUNS } from './generated-charges.ts';
import { figuresOf, generatedEvents } from './generated-usage.ts';
import { sampleInputs, samplePlan, sampleSpan } from './sample-inputs.ts';

/** Where a charge holds a text, by the keys that lead there. */
type Place = readonly (string | number)[];

function placesOf(value: unknown, place: Place = []): Place[] {
  if (typeof value === 'string') return [place];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...place, key]));
}

function changedAt(value: unknown, [key, ...rest]: Place, text: string): unknown {
  if (key === undefined) return text;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[key] = changedAt(copy[key], rest, text);
  return copy;
}

const TEXTS = ['-1', '0', '0.0', '1e3', '', ' 1', '1/2', '٣', 'NaN', 'constructor', '7', '99999999999', '1'.repeat(41)];

/** A charge that can be billed, with one of its texts changed to another that may or may not make sense there. */
const changedCharges = generatedCharges('requests', { monotone: false, aggregation: 'sum' }).chain((charge) =>
  fc
    .tuple(fc.constantFrom(...placesOf(charge)), fc.constantFrom(...TEXTS))
    .map(([place, text]) => ({ place, charge: changedAt(charge, place, text) as Charge })),
);

test('a charge with any of its texts changed is refused with a path, or rated: nothing is thrown', () => {
  const meter = generatedMeter('requests', 'sum');
  let refused = 0;
  fc.assert(
    fc.property(changedCharges, generatedEvents, ({ place, charge }, events) => {
      const planVersion = samplePlan({ charges: [charge] });
      const problems = checkPlan(planVersion, new Map([['requests', meter]]));
      const isReadable = problems.length === 0;
      const figures = isReadable ? figuresOf(charge, events, 'sum') : { quantity: '1' };
      const usage = [{ charge: charge.key, eventCount: '1', ledgerRange: null, ...figures }];
      const result = rateInvoice(sampleInputs({ meters: [meter], spans: [sampleSpan({ planVersion, usage })] }));
      if (!isReadable) expect(result).toHaveProperty('problems');
      for (const { path, message } of problems) {
        expect(path).toMatch(/^charges\[0\]/);
        expect(message).not.toBe('');
      }
      // A description may be any text.
      if (place[0] === 'description') expect(problems).toEqual([]);
      if (!isReadable) refused += 1;
    }),
    { numRuns: Math.max(RATING_RUNS, 300) },
  );
  expect(refused).toBeGreaterThan(0);
});
