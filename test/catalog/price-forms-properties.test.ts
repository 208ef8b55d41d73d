import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { planOf } from '../../src/catalog/definitions.ts';
import { parseCatalogue } from '../../src/catalog/parse-catalogue.ts';
import { priceChanges } from '../../src/catalog/price-changes.ts';
import { canonicalJson } from '../../src/domain/canonical.ts';
import type { Charge, PlanVersion } from '../../src/domain/plan.ts';
import { generatedCharges, RATING_RUNS } from '../rating/generated-charges.ts';

const charges = generatedCharges('calls', { monotone: false, aggregation: 'sum' }).filter(
  ({ price }) => price.model !== 'matrix' || price.cells.length > 0,
);

function fileWith(charge: Charge): string {
  return JSON.stringify({ plans: [{ key: 'basic', currency: 'USD', charges: [charge] }] });
}

function planIn(file: string): PlanVersion {
  const [plan] = parseCatalogue(file, 'catalog.yaml').file.plans;
  if (plan === undefined) throw new Error('the file has a plan');
  return planOf(plan, 1);
}

/** As it is stored: a default that is spelled out is left out. */
function stored(charge: Charge): string {
  return canonicalJson(
    JSON.parse(JSON.stringify(charge), (_, value: unknown) => {
      const isPackage = typeof value === 'object' && value !== null && 'rounding' in value && 'packagePrice' in value;
      if (!isPackage || value.rounding !== 'up') return value;
      return { ...value, rounding: undefined };
    }),
  );
}

describe('every charge that can be rated', () => {
  test('can be written in a file, with its numbers as text or as numbers, and is stored as it is', () => {
    fc.assert(
      fc.property(charges, (charge) => {
        const file = fileWith(charge);
        const withNumbers = file.replaceAll(/"(\d+(?:\.\d+)?)"/g, '$1');
        for (const text of [file, withNumbers]) {
          expect(canonicalJson(planIn(text).charges[0])).toBe(stored(charge));
        }
      }),
      { numRuns: RATING_RUNS },
    );
  });

  test('is taken by the published schema', () => {
    const schema = JSON.parse(readFileSync('docs/catalogue.schema.json', 'utf8')) as Parameters<
      typeof z.fromJSONSchema
    >[0];
    const editor = z.fromJSONSchema(schema);
    fc.assert(
      fc.property(charges, (charge) => editor.safeParse(parse(fileWith(charge))).success),
      { numRuns: Math.min(RATING_RUNS, 200) },
    );
  });

  test('differs in words from the same with one number changed, and not from itself', () => {
    fc.assert(
      fc.property(charges, fc.nat(), (charge, pick) => {
        const file = fileWith(charge);
        const numbers = [...file.matchAll(/"\d+(?:\.\d+)?"/g)];
        const { index = 0, 0: number = '' } = numbers[pick % numbers.length] ?? {};
        const changed = `${file.slice(0, index)}"17.5"${file.slice(index + number.length)}`;
        const [before, after] = [planIn(file), planIn(changed)];
        const changes = priceChanges(before, after);
        expect(changes).toHaveLength(canonicalJson(before) === canonicalJson(after) ? 0 : 1);
        for (const change of changes) expect(change.before).not.toBe(change.after);
      }),
      { numRuns: RATING_RUNS },
    );
  });
});
