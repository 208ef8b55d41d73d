import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { catalogueSchema } from '../../src/catalog/catalogue-schema.ts';
import { planOf } from '../../src/catalog/definitions.ts';
import { parseCatalogue } from '../../src/catalog/parse-catalogue.ts';
import type { Charge } from '../../src/domain/plan.ts';
import type { UsageFigures, UsagePart } from '../../src/rating/inputs.ts';
import { dueOf, priceCharge } from '../../src/rating/price-charge.ts';
import { readingOf } from '../../src/rating/reading-of.ts';

const page = readFileSync('docs/catalogue.md', 'utf8');

interface Example {
  readonly charge: Charge;
  /** Each `# usage → figure` of the block. */
  readonly figures: readonly (readonly [usage: string, figure: string])[];
}

function blocks(kind: string): string[] {
  return [...page.matchAll(/^```yaml(.*)\n([^]*?)^```$/gm)].flatMap(([, words = '', text = '']) =>
    words.trim() === kind ? [text] : [],
  );
}

function exampleOf(text: string): Example {
  const indented = text.replaceAll(/^/gm, '        ');
  const yaml = `plans:\n  - key: basic\n    currency: USD\n    charges:\n      - key: calls\n        meter: calls\n${indented}`;
  const [plan] = parseCatalogue(yaml, 'docs/catalogue.md').file.plans;
  const charge = plan && planOf(plan, 1).charges[0];
  if (charge === undefined) throw new Error(`no charge in ${text}`);
  const figures = [...text.matchAll(/^# (.+) → (.+)$/gm)].map(
    ([, usage = '', figure = '']) => [usage, figure] as const,
  );
  return { charge, figures };
}

/** One entry of `eu-west, large: 7,200; us-east, small: 3,601`, or of `9; 15`, which are buckets. */
function partOf(text: string, index: number, dimensions: readonly string[]): UsagePart {
  const [quantity = '', names] = text.split(': ').toReversed();
  const values = names === undefined ? [] : names.split(', ');
  return {
    values: Object.fromEntries(values.map((value, position) => [dimensions[position] ?? 'unnamed', value])),
    bucket: names === undefined ? `2026-12-${String(index + 1).padStart(2, '0')}T00:00:00Z` : null,
    quantity: quantity.replaceAll(',', ''),
    eventCount: '1',
  };
}

function usageOf(charge: Charge, text: string): UsageFigures {
  const reading = readingOf(charge);
  const entries = text.split('; ');
  if (reading.reads === 'events') {
    return { quantity: '0', amounts: entries.map((amount) => [amount.replaceAll(',', ''), 1] as const) };
  }
  if (reading.reads === 'quantity') return { quantity: text.replaceAll(',', '') };
  return { quantity: '0', parts: entries.map((entry, index) => partOf(entry, index, reading.dimensions)) };
}

/** The names of all fields of a schema. */
function fieldsOf(node: unknown): string[] {
  if (node === null || typeof node !== 'object') return [];
  const { properties } = node as { readonly properties?: object };
  return [...Object.keys(properties ?? {}), ...Object.values(node).flatMap(fieldsOf)];
}

describe('docs/catalogue.md', () => {
  const examples = blocks('charge').map((text) => ({ text, ...exampleOf(text) }));
  const figures = examples.flatMap(({ charge, figures: found }) =>
    found.map(([usage, figure]) => ({ charge, usage, figure, model: charge.price.model })),
  );

  test('has a figure with each charge', () => {
    expect(examples.length).toBeGreaterThan(20);
    expect(examples.filter((example) => example.figures.length === 0).map(({ text }) => text)).toEqual([]);
  });

  test.each(figures)('$model: $usage → $figure', ({ charge, usage, figure }) => {
    const aggregation = charge.price.model === 'capacity' ? 'max' : 'sum';
    const priced = priceCharge(charge, usageOf(charge, usage), { aggregation, currency: 'USD' });
    expect(dueOf(priced).text).toBe(figure.replaceAll(',', ''));
  });

  test('shows only files that are taken', () => {
    const files = blocks('').filter((text) => !text.startsWith('#'));
    expect(files.length).toBeGreaterThan(3);
    for (const text of files) expect(() => parseCatalogue(text, 'docs/catalogue.md')).not.toThrow();
  });

  test('names every field, every choice and every price model of the file', () => {
    const schema = catalogueSchema();
    const models = [...JSON.stringify(schema).matchAll(/"model":\{"type":"string","const":"(\w+)"/g)].map(
      ([, name = '']) => name,
    );
    expect(new Set(models).size).toBe(11);
    const choices = [...JSON.stringify(schema).matchAll(/"enum":\[([^\]]*)\]/g)].flatMap(
      ([, list = '']) => list.match(/\w+/g) ?? [],
    );
    const words = new Set(page.match(/\w+/g));
    expect([...new Set([...fieldsOf(schema), ...choices, ...models])].filter((name) => !words.has(name))).toEqual([]);
  });
});
