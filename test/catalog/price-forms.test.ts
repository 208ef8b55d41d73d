import { describe, expect, test } from 'vitest';

import { planOf } from '../../src/catalog/definitions.ts';
import { parseCatalogue } from '../../src/catalog/parse-catalogue.ts';
import { canonicalJson } from '../../src/domain/canonical.ts';
import type { Charge, PriceModel } from '../../src/domain/plan.ts';

/** A plan of one charge, with these fields after its meter. */
function planWith(fields: string): string {
  return `plans: [{ key: basic, currency: USD, charges: [{ key: calls, meter: calls, ${fields} }] }]`;
}

function chargeOf(fields: string): Charge | undefined {
  const { plans } = parseCatalogue(planWith(fields), 'catalog.yaml').file;
  return plans[0] && planOf(plans[0], 1).charges[0];
}

function refusal(fields: string): string {
  try {
    parseCatalogue(planWith(fields), 'catalog.yaml');
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the file was taken');
}

const PRICES: readonly (readonly [string, PriceModel])[] = [
  ['{ model: per_unit, unitPrice: 0.10 }', { model: 'per_unit', unitPrice: '0.1' }],
  [
    '{ model: graduated, bands: [{ upTo: 10, unitPrice: 2, flatFee: 5 }, { unitPrice: 1 }], flatAtZero: true }',
    {
      model: 'graduated',
      bands: [
        { upTo: '10', unitPrice: '2', flatFee: '5' },
        { upTo: null, unitPrice: '1', flatFee: '0' },
      ],
      flatAtZero: true,
    },
  ],
  [
    '{ model: graduated, bands: [{ blockSize: 100, maxBlocks: 10, unitPrice: 1 }, { blockSize: 1000, unitPrice: 1 }] }',
    {
      model: 'graduated',
      bands: [
        { upTo: null, unitPrice: '1', flatFee: '0', blockSize: '100', maxBlocks: '10' },
        { upTo: null, unitPrice: '1', flatFee: '0', blockSize: '1000' },
      ],
      flatAtZero: false,
    },
  ],
  [
    '{ model: volume, bands: [{ upTo: 10, unitPrice: 2 }], bounded: true }',
    { model: 'volume', bands: [{ upTo: '10', unitPrice: '2', flatFee: '0' }], flatAtZero: false, bounded: true },
  ],
  [
    '{ model: package, size: 1000, packagePrice: 0.50, rounding: up }',
    { model: 'package', size: '1000', packagePrice: '0.5', freeUnits: '0' },
  ],
  [
    '{ model: package, size: 1000, packagePrice: 0.50, freeUnits: 10, rounding: down }',
    { model: 'package', size: '1000', packagePrice: '0.5', freeUnits: '10', rounding: 'down' },
  ],
  ['{ model: percentage, percent: 2.99 }', { model: 'percentage', percent: '2.99', fixedFee: '0' }],
  [
    '{ model: percentage, percent: 2.9, fixedFee: 0.30, freeEvents: 3, freeAmount: 100, minimumPerEvent: 1, maximumPerEvent: 12 }',
    {
      model: 'percentage',
      percent: '2.9',
      fixedFee: '0.3',
      freeEvents: '3',
      freeAmount: '100',
      minimumPerEvent: '1',
      maximumPerEvent: '12',
    },
  ],
  [
    '{ model: graduated_percentage, bands: [{ upTo: 10, percent: 1, flatFee: 200 }, { percent: 2 }] }',
    {
      model: 'graduated_percentage',
      bands: [
        { upTo: '10', percent: '1', flatFee: '200' },
        { upTo: null, percent: '2', flatFee: '0' },
      ],
      flatAtZero: false,
    },
  ],
  [
    '{ model: capacity, bands: [{ upTo: 100, flatFee: 50 }, { flatFee: 750 }] }',
    {
      model: 'capacity',
      bands: [
        { upTo: '100', flatFee: '50' },
        { upTo: null, flatFee: '750' },
      ],
    },
  ],
  ['{ model: flat, amount: 9 }', { model: 'flat', amount: '9', due: 'always' }],
  ['{ model: flat, amount: 9, due: when_used }', { model: 'flat', amount: '9', due: 'when_used' }],
  ['{ model: dynamic }', { model: 'dynamic', multiplier: '1' }],
  [
    '{ model: bucketed, bucket: day, price: { model: per_unit, unitPrice: 3 } }',
    { model: 'bucketed', bucket: 'day', price: { model: 'per_unit', unitPrice: '3' } },
  ],
  [
    '{ model: matrix, dimensions: [region, size], cells: [{ values: [eu, 8.0], price: { model: flat, amount: 1 } }], otherwise: null }',
    {
      model: 'matrix',
      dimensions: ['region', 'size'],
      cells: [{ values: ['eu', '8'], price: { model: 'flat', amount: '1', due: 'always' } }],
      otherwise: null,
    },
  ],
];

describe('the price of a charge', () => {
  test.each(PRICES)('%s is taken with its defaults', (yaml, price) => {
    expect(chargeOf(`price: ${yaml}`)?.price).toStrictEqual(price);
  });

  test('leaves out what is not given, so that a plan stored before is the same definition', () => {
    const yaml = planWith(
      'price: { model: graduated, bands: [{ upTo: 5, unitPrice: 0 }, { upTo: null, unitPrice: 3.0 }] }',
    );
    const [plan] = parseCatalogue(yaml, 'catalog.yaml').file.plans;
    const stored =
      '{"baseFee":"0","charges":[{"description":"calls","includedUnits":"0","key":"calls","meter":"calls","price":' +
      '{"bands":[{"flatFee":"0","unitPrice":"0","upTo":"5"},{"flatFee":"0","unitPrice":"3","upTo":null}],"flatAtZero":false,' +
      '"model":"graduated"}}],"currency":"USD","key":"basic","limits":[],"name":"basic","version":1}';
    expect(plan && canonicalJson(planOf(plan, 1))).toBe(stored);
  });

  test('may stand with a filter, groups, a conversion, a discount, a commitment, a minimum and a maximum', () => {
    const fields = `filter: { region: [us, eu, us], tier: 8.0 }, groupBy: project, conversion: { divide: 3600, rounding: up },
      includedUnits: 10, includedUnitsTaken: after_band, price: { model: per_unit, unitPrice: 1 }, discount: { percent: 12.50 },
      commitment: { amount: 100 }, minimum: 5, maximum: 500`;
    expect(chargeOf(fields)).toStrictEqual({
      key: 'calls',
      meter: 'calls',
      description: 'calls',
      filter: { region: ['eu', 'us'], tier: ['8'] },
      groupBy: 'project',
      conversion: { divide: '3600', rounding: 'up' },
      includedUnits: '10',
      includedUnitsTaken: 'after_band',
      price: { model: 'per_unit', unitPrice: '1' },
      discount: { percent: '12.5' },
      commitment: { amount: '100', overageFactor: '1', trueUp: true },
      minimum: '5',
      maximum: '500',
    });
  });

  test('that spells out a default is the same definition as one that leaves it out', () => {
    const price = 'price: { model: package, size: 5, packagePrice: 1 }';
    const spelled =
      'price: { model: package, size: 5, packagePrice: 1, rounding: up, freeUnits: 0 }, includedUnitsTaken: before_band';
    expect(chargeOf(spelled)).toStrictEqual(chargeOf(price));
  });

  const unit = 'price: { model: per_unit, unitPrice: 1 }';
  test.each([
    [
      'price: { model: per_moon }',
      'price.model: must name a model: per_unit, graduated, volume, package, graduated_percentage,',
    ],
    ['price: { model: graduated, bands: [] }', 'price.bands: must have at least one band'],
    ['price: { model: volume, bands: [{ upTo: 0, unitPrice: 1 }] }', 'price.bands[0].upTo: must be more than zero'],
    ['price: { model: volume, bands: [{ unitPrice: -1 }] }', 'price.bands[0].unitPrice: must not be negative'],
    ['price: { model: volume, bands: [{ upTo: 5 }] }', 'price.bands[0].unitPrice: is required and missing'],
    [
      'price: { model: capacity, bands: [{ flatFee: 1, unitPrice: 1 }] }',
      'price.bands[0].unitPrice: is not a field that is known here',
    ],
    [
      'price: { model: capacity, bands: [{ flatFee: 1 }], bounded: false }',
      'price.bounded: must be true, or be left out',
    ],
    ['price: { model: package, size: 1, packagePrice: 1, rounding: half }', 'price.rounding: must be up or down'],
    ['price: { model: percentage, percent: 1, freeAmount: null }', 'price.freeAmount: must be a plain decimal'],
    ['price: { model: flat, amount: 1, due: never }', 'price.due: must be always or when_used'],
    ['price: { model: bucketed, bucket: week, price: { model: dynamic } }', 'price.bucket: must be hour or day'],
    [
      'price: { model: bucketed, bucket: day, price: { model: matrix } }',
      'price.price.model: must name a model: per_unit,',
    ],
    [
      'price: { model: matrix, dimensions: [a], cells: [{ values: [x], price: { model: flat } }], otherwise: null }',
      'price.cells[0].price.amount: is required and missing',
    ],
    [
      'price: { model: matrix, dimensions: [a], cells: [{ values: [x], price: { model: dynamic } }] }',
      'price.otherwise: is required and missing',
    ],
    [
      'price: { model: matrix, dimensions: [a], cells: [{ values: [[x]], price: { model: dynamic } }], otherwise: { model: flat, amount: x } }',
      'price.cells[0].values[0]: must be text of at most 500',
    ],
    [
      'price: { model: matrix, dimensions: [a], cells: [{ values: [x], price: { model: dynamic } }], otherwise: { model: flat, amount: x } }',
      'price.otherwise.amount: must be a plain decimal',
    ],
    [`conversion: { rounding: up }, ${unit}`, 'conversion: must have multiply or divide'],
    [`conversion: { divide: 0 }, ${unit}`, 'conversion.divide: must be more than zero'],
    [`filter: {}, ${unit}`, 'filter: must name at least one dimension'],
    [`filter: { region: [] }, ${unit}`, 'filter.region: must name at least one value'],
    [`filter: { __proto__: [a] }, ${unit}`, 'filter: must not name a dimension __proto__'],
    [`filter: { region: [1e3] }, ${unit}`, 'filter.region[0]: must be text of at most 500 characters, a plain number'],
    [`filter: [region], ${unit}`, 'filter: must be a map of dimensions and their values'],
    [`discount: 10, ${unit}`, 'discount: must be { percent } or { amount }'],
    [`discount: { percent: 10, amount: 1 }, ${unit}`, 'discount: must be { percent } or { amount }'],
    [`commitment: { amount: -1 }, ${unit}`, 'commitment.amount: must not be negative'],
    [`minimum: -1, ${unit}`, 'minimum: must not be negative'],
    [`includedUnitsTaken: later, ${unit}`, 'includedUnitsTaken: must be before_band or after_band'],
  ])('%s is refused with its place', (fields, line) => {
    expect(refusal(fields)).toContain(`plans[0].charges[0].${line}`);
  });
});
