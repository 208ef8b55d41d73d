import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { parseCatalogue } from '../../src/catalog/parse-catalogue.ts';
import { CATALOGUE } from './catalogue-fixture.ts';

function refusal(yaml: string): string {
  try {
    parseCatalogue(yaml, 'catalog.yaml');
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the file was taken');
}

describe('a catalogue file', () => {
  test('keeps the decimals it spells, whatever a float would make of them', () => {
    const yaml = CATALOGUE.replace('0.000003', '0.100000000000000005551115123125').replace(
      '20.00',
      '12345678901234567.89',
    );
    const { plans } = parseCatalogue(yaml, 'catalog.yaml').file;
    expect(plans[0]?.baseFee).toBe('12345678901234567.89');
    expect(plans[0]?.charges[0]?.price).toEqual({ model: 'per_unit', unitPrice: '0.100000000000000005551115123125' });
  });

  test('weighs properties by decimals in their one spelling', () => {
    const yaml = CATALOGUE.replace('unit: call', 'scale: 2, value: { weights: { input: 1.0, "output": 4.250 } }');
    const { meters } = parseCatalogue(yaml, 'catalog.yaml').file;
    expect(meters[0]?.value).toEqual({ weights: { input: '1', output: '4.25' } });
  });

  test('may be JSON', () => {
    const { meters } = parseCatalogue('{"meters": [{"key": "calls", "aggregation": "count"}]}', 'catalog.json').file;
    expect(meters[0]).toMatchObject({ key: 'calls', scale: 0, unit: 'unit', filter: [] });
  });

  test('of the examples folder is taken whole', () => {
    const { file } = parseCatalogue(readFileSync('examples/catalog.yaml', 'utf8'), 'examples/catalog.yaml');
    expect([file.meters.length, file.plans.length, file.tenants.length]).toEqual([3, 3, 3]);
  });

  test.each([
    ['a: [', 'catalog.yaml:1:5 is not readable YAML'],
    ['- 1', 'catalog.yaml:1:1 must be a map with issuer, meters, plans, coupons and tenants'],
    ['meters: 5', 'catalog.yaml:1:9 meters: must be a list'],
    ['meters:\n  - &a [*a]', 'catalog.yaml:2:8 is nested more than 32 levels deep'],
    ['{ 1: a, "1": b }', 'catalog.yaml:1:9 has the field 1 twice: remove one of them'],
    ['issuer: { name: "a\\0" }', 'catalog.yaml:1:17 has U+0000 or half of a surrogate pair, which cannot be stored'],
    ['__proto__: { a: 1 }', 'catalog.yaml:1:1 __proto__: is not a field that is known here: remove it'],
    [CATALOGUE.replace('currency: USD', 'curency: USD'), 'catalog.yaml:6:5 plans[0].currency: is required and missing'],
    [CATALOGUE.replace('currency: USD', 'curency: USD'), 'catalog.yaml:7:5 plans[0].curency: is not a field'],
    [CATALOGUE.replace('20.00', '2e1'), 'catalog.yaml:8:14 plans[0].baseFee: must be a plain decimal: write 0.000003'],
    [CATALOGUE.replace('20.00', '-1'), 'catalog.yaml:8:14 plans[0].baseFee: must not be negative'],
    [
      CATALOGUE.replace('per_unit', 'per_moon'),
      'plans[0].charges[0].price.model: must name a model: per_unit, graduated, volume, package,',
    ],
    [CATALOGUE.replace('2026-10-01T00:00:00Z', '2026-10-01'), 'tenants[0].billingStart: must be an RFC 3339 instant'],
    [CATALOGUE.replace('15m', '15 min'), 'tenants[0].lateWindow: must be a time of at most 35d: write 0s, 90s, 15m'],
    [CATALOGUE.replace('key: calls, agg', 'key: Calls!, agg'), 'catalog.yaml:4:12 meters[0].key: must match'],
    [
      CATALOGUE.replace('unit: call', 'value: { weights: {} }'),
      'meters[0].value.weights: must name 1 to 20 properties',
    ],
    [
      CATALOGUE.replace('unit: call', 'value: { weights: { a: 0 } }'),
      'meters[0].value.weights.a: must be more than zero',
    ],
    [
      CATALOGUE.replace('unit: call', 'value: { weights: { __proto__: 1, a: 1 } }'),
      'meters[0].value.weights: must not weigh a property of the name __proto__',
    ],
    [
      CATALOGUE.replace('unit: call', 'value: { weights: { a: -1 } }'),
      'meters[0].value.weights.a: must be more than zero',
    ],
    [
      CATALOGUE.replace('unit: call', 'value: { weights: { a: 1e3 } }'),
      'meters[0].value: must be quantity, { property: NAME } or',
    ],
    [
      CATALOGUE.replace('unit: call', 'value: { weights: [1] }'),
      'meters[0].value: must be quantity, { property: NAME } or',
    ],
    [
      CATALOGUE.replace('unit: call', 'value: { weights: { a: 1, b: null } }'),
      'meters[0].value: must be quantity, { property: NAME } or',
    ],
    [
      CATALOGUE.replace('unit: call', 'value: { weight: { a: 1 } }'),
      'meters[0].value: must be quantity, { property: NAME } or',
    ],
    [CATALOGUE.replace('unit: call', 'scale: 10'), 'meters[0].scale: must be a whole number from 0 to 9'],
    [`meters: ${'['.repeat(40)}${']'.repeat(40)}`, 'is nested more than 32 levels deep'],
  ])('that is wrong names the place and the cure: %#', (yaml, line) => {
    expect(refusal(yaml)).toContain(line);
  });

  test('names every problem of form at once, in the order of the file', () => {
    const lines = refusal(CATALOGUE.replace('20.00', 'x').replace('0.000003', 'y').replace('15m', 'z')).split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      'catalog.yaml:8:14',
      'catalog.yaml:10:74',
      'catalog.yaml:14:80',
    ]);
  });
});
