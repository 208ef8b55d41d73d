import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { catalogueSchema } from '../../src/catalog/catalogue-schema.ts';

const published = JSON.parse(readFileSync('docs/catalogue.schema.json', 'utf8')) as Parameters<
  typeof z.fromJSONSchema
>[0];

/** What an editor does with the published schema: it knows the file as plain YAML, and nothing of our reader. */
const editor = z.fromJSONSchema(published);

function planWith(charge: string): unknown {
  return parse(`plans: [{ key: basic, currency: USD, charges: [{ key: calls, meter: calls, ${charge} }] }]`);
}

/** The paths of fields that say nothing of themselves. */
function undescribed(node: unknown, path = ''): string[] {
  if (node === null || typeof node !== 'object') return [];
  const { properties = {}, ...rest } = node as { readonly properties?: Readonly<Record<string, object>> };
  return [
    ...Object.entries(properties).flatMap(([name, field]) => [
      ...('description' in field ? [] : [`${path}.${name}`]),
      ...undescribed(field, `${path}.${name}`),
    ]),
    ...Object.values(rest).flatMap((child) => undescribed(child, path)),
  ];
}

describe('docs/catalogue.schema.json', () => {
  test('has a sentence for each field, which an editor shows', () => {
    expect([...new Set(undescribed(published))]).toEqual([]);
  });

  test('is what the form of catalogue files says: npm run schema', () => {
    expect(published).toEqual(catalogueSchema());
  });

  test.each(globSync('examples/*.yaml'))('takes %s', (file) => {
    const result = editor.safeParse(parse(readFileSync(file, 'utf8')));
    expect(result.error?.issues).toBeUndefined();
  });

  test.each([
    'price: { model: per_unit, unitPrice: "0.000003" }',
    'filter: { region: eu, size: [1, 2] }, price: { model: flat, amount: 1 }',
    'conversion: { divide: 3600 }, price: { model: bucketed, bucket: hour, price: { model: dynamic } }',
  ])('takes a charge with %s', (charge) => {
    expect(editor.safeParse(planWith(charge)).success).toBe(true);
  });

  test.each([
    'price: { model: per_moon, unitPrice: 1 }',
    'price: { model: per_unit }',
    'price: { model: per_unit, unitPrice: -1 }',
    'price: { model: per_unit, unitPrice: "1,000" }',
    'price: { model: per_unit, unitPrice: 1, flatFee: 1 }',
    'price: { model: package, size: 0, packagePrice: 1 }',
    'price: { model: volume, bands: [] }',
    'price: { model: bucketed, bucket: hour, price: { model: percentage, percent: 1 } }',
    'price: { model: flat, amount: 1 }, filter: {}',
    'price: { model: flat, amount: 1 }, discont: { percent: 5 }',
  ])('refuses a charge with %s', (charge) => {
    expect(editor.safeParse(planWith(charge)).success).toBe(false);
  });
});
