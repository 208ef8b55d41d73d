import { describe, expect, test } from 'vitest';

import { chargeText } from '../../src/catalog/charge-text.ts';
import { planOf } from '../../src/catalog/definitions.ts';
import { differencesOf } from '../../src/catalog/differences.ts';
import { parseCatalogue } from '../../src/catalog/parse-catalogue.ts';
import { priceChanges } from '../../src/catalog/price-changes.ts';
import type { PlanVersion } from '../../src/domain/plan.ts';

function plan(fields: string): PlanVersion {
  const [found] = parseCatalogue(`plans: [{ key: basic, currency: USD, ${fields} }]`, 'catalog.yaml').file.plans;
  if (found === undefined) throw new Error('the file has a plan');
  return planOf(found, 1);
}

function planOfCharge(fields: string): PlanVersion {
  return plan(`charges: [{ key: calls, meter: calls, ${fields} }]`);
}

const cells = (count: number, last: string) =>
  Array.from({ length: count }, (_, index) => {
    const amount = index === count - 1 ? last : '1';
    return `{ values: [r${index}], price: { model: flat, amount: ${amount} } }`;
  }).join(', ');

const matrix = (last: string) =>
  planOfCharge(`price: { model: matrix, dimensions: [region], cells: [${cells(40, last)}], otherwise: null }`);

describe('a charge in words', () => {
  test.each([
    ['price: { model: per_unit, unitPrice: 0.000003 }', 'calls · 0.000003 each'],
    [
      'price: { model: graduated, bands: [{ upTo: 1000000, unitPrice: 0 }, { unitPrice: 0.000003, flatFee: 1000 }] }',
      'calls · graduated: 0 each up to 1,000,000; 0.000003 each + 1,000 once above',
    ],
    [
      'price: { model: graduated, bands: [{ blockSize: 100, maxBlocks: 10, unitPrice: 1 }, { blockSize: 1000, unitPrice: 2 }] }',
      'calls · graduated: 1 per block of 100 for 10 blocks; 2 per block of 1,000 above',
    ],
    [
      'price: { model: volume, bands: [{ upTo: 10, unitPrice: 3, flatFee: 5 }], flatAtZero: true, bounded: true }',
      'calls · volume: all at 3 each + 5 once up to 10, also without usage, no price above',
    ],
    [
      'price: { model: package, size: 1000, packagePrice: 0.5, freeUnits: 10, rounding: down }',
      'calls · 0.5 per package of 1,000, 10 free, a started one free',
    ],
    [
      'price: { model: percentage, percent: 2.9, fixedFee: 0.3, freeEvents: 3, freeAmount: 100, minimumPerEvent: 1, maximumPerEvent: 12 }',
      'calls · 2.9 % of each event + 0.3, 3 events free, the first 100 free, at least 1 per event, at most 12 per event',
    ],
    [
      'price: { model: graduated_percentage, bands: [{ upTo: 10, percent: 1 }, { percent: 2 }] }',
      'calls · graduated: 1 % up to 10; 2 % above',
    ],
    [
      'price: { model: capacity, bands: [{ upTo: 100, flatFee: 50 }, { flatFee: 750 }] }',
      'calls · by peak: 50 up to 100; 750 above',
    ],
    ['price: { model: flat, amount: 9 }', 'calls · 9'],
    ['price: { model: flat, amount: 9, due: when_used }', 'calls · 9 when used'],
    ['price: { model: dynamic, multiplier: 1.15 }', 'calls · as priced by each event × 1.15'],
    [
      'price: { model: bucketed, bucket: day, price: { model: dynamic } }',
      'calls · each day by itself: as priced by each event',
    ],
    [
      'price: { model: matrix, dimensions: [region], cells: [{ values: [eu], price: { model: flat, amount: 1 } }], otherwise: null }',
      'calls · by region: eu: 1; no price for others',
    ],
    [
      `filter: { region: [us, eu] }, groupBy: project, conversion: { multiply: 2, divide: 3600, rounding: half_up }, includedUnits: 1000,
       includedUnitsTaken: after_band, price: { model: graduated, bands: [{ unitPrice: 1 }] }, discount: { percent: 10 },
       commitment: { amount: 100, overageFactor: 1.5 }, minimum: 5, maximum: 5000`,
      'calls · only region eu or us · each project by itself · × 2 / 3,600, rounded half up · 1,000 included, which count for the band' +
        ' · graduated: 1 each · 10 % off · 100 committed, beyond it × 1.5 · at least 5 · at most 5,000',
    ],
  ])('%s', (fields, words) => {
    expect(planOfCharge(fields).charges.map(chargeText)).toEqual([words]);
  });
});

describe('the prices of two versions of a plan', () => {
  test('are compared charge by charge, wherever a charge stands', () => {
    const before = plan(
      'baseFee: 20, charges: [{ key: a, meter: m, price: { model: per_unit, unitPrice: 1 } }, { key: b, meter: m, price: { model: flat, amount: 1 } }]',
    );
    const after = plan(
      `baseFee: 25, maximum: 500, charges: [{ key: c, meter: m, price: { model: dynamic } },
       { key: a, meter: m, discount: { amount: 1 }, price: { model: per_unit, unitPrice: 2 } }]`,
    );
    expect(priceChanges(before, after)).toEqual([
      { what: 'base fee', before: '20', after: '25' },
      { what: 'maximum', before: null, after: '500 of all charges' },
      { what: 'charge c', before: null, after: 'm · as priced by each event' },
      { what: 'charge a', before: 'm · 1 each', after: 'm · 2 each · 1 off' },
      { what: 'charge b', before: 'm · 1', after: null },
    ]);
  });

  test('of a new plan have nothing before', () => {
    expect(
      priceChanges(undefined, plan('baseFee: 5, baseFeeDue: advance, minimum: 9, boundsCover: charges_and_base_fee')),
    ).toEqual([
      { what: 'base fee', before: null, after: '5, in advance' },
      { what: 'minimum', before: null, after: '9 of all charges and the base fee' },
    ]);
  });

  test('name the cadence of fees that have one of their own', () => {
    const seats = 'key: seats, unit: seat, price: { model: per_unit, unitPrice: 9 }';
    const before = plan(`baseFee: 100, fixedQuantities: [{ ${seats} }]`);
    const after = plan(
      `baseFee: 1000, baseFeeEvery: year, baseFeeDue: advance, fixedQuantities: [{ ${seats}, every: month }]`,
    );
    expect(priceChanges(before, after)).toEqual([
      { what: 'base fee', before: '100', after: '1,000 every year, in advance' },
      { what: 'fixed quantity seats', before: 'by seat: 9 each', after: 'by seat and month: 9 each' },
    ]);
    expect(() => plan('baseFee: 1, baseFeeEvery: minute')).toThrow(/must be year, month, week, day or hour/);
  });

  test('are none where only a limit differs', () => {
    const limited = plan('limits: [{ meter: m, mode: hard, limit: 5 }]');
    expect(priceChanges(plan('baseFee: 0'), limited)).toEqual([]);
  });

  test('name the field that differs where it is too far down to be told', () => {
    expect(priceChanges(matrix('2'), matrix('3'))).toEqual([
      { what: 'charge calls, price.cells[39].price.amount', before: '2', after: '3' },
    ]);
    expect(matrix('2').charges.map(chargeText).join('')).toContain('; … 28 more; no price for others');
  });
});

describe('the differences of two definitions', () => {
  test('of lists with keys are told by key, and their order where nothing else differs', () => {
    const [a, b, c] = [
      { key: 'a', x: '1' },
      { key: 'b', x: '1' },
      { key: 'c', x: '1' },
    ];
    expect(differencesOf({ list: [a, b] }, { list: [c, a, { ...b, x: '2' }] })).toEqual([
      { path: 'list[b].x', from: '1', to: '2' },
      { path: 'list[c]', from: null, to: c },
    ]);
    expect(differencesOf({ list: [a, b] }, { list: [b, a] })).toEqual([
      { path: 'list', from: ['a', 'b'], to: ['b', 'a'] },
    ]);
  });

  test('of values of different kinds are told whole', () => {
    expect(differencesOf({ x: '1', y: [] }, { x: { z: '1' }, y: {} })).toEqual([
      { path: 'x', from: '1', to: { z: '1' } },
      { path: 'y', from: [], to: {} },
    ]);
    expect(differencesOf({ list: [{ key: 'a' }] }, { list: [null] })).toEqual([
      { path: 'list[0]', from: { key: 'a' }, to: null },
    ]);
  });

  test('of other lists are told by position', () => {
    expect(differencesOf({ list: ['x', { key: 'a' }] }, { list: ['y', { key: 'a' }] })).toEqual([
      { path: 'list[0]', from: 'x', to: 'y' },
    ]);
  });
});
