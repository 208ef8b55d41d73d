import { expect, test } from 'vitest';

import type { Meter } from '../../src/domain/meter.ts';
import type { Band, Charge, PlanVersion, PriceModel } from '../../src/domain/plan.ts';
import { checkPlan } from '../../src/rating/check-plan.ts';
import { sampleCharge, sampleMeter, samplePlan } from './sample-inputs.ts';

const METERS = new Map(['requests', 'input_tokens', 'output_tokens'].map((key) => [key, sampleMeter(key)]));
const PER_UNIT: PriceModel = { model: 'per_unit', unitPrice: '1' };
const LIMIT = { meter: 'requests', mode: 'hard', window: 'period', limit: '10' } as const;

test('a plan that can be billed has no problem', () => {
  expect(checkPlan(samplePlan({ limits: [LIMIT] }), METERS)).toEqual([]);
});

test.each<[string, Partial<PlanVersion>, string[]]>([
  ['a base fee that is no decimal', { baseFee: 'twenty' }, ['baseFee']],
  ['a negative base fee', { baseFee: '-1' }, ['baseFee']],
  ['a currency in lower case', { currency: 'usd' }, ['currency']],
  ['a charge on an unknown meter', { charges: [sampleCharge('seats', PER_UNIT)] }, ['charges[0].meter']],
  [
    'two charges of one key',
    { charges: [sampleCharge('requests', PER_UNIT), sampleCharge('requests', PER_UNIT)] },
    ['charges[1].key'],
  ],
  ['negative included units', { charges: [sampleCharge('requests', PER_UNIT, '-1')] }, ['charges[0].includedUnits']],
  [
    'a negative unit price',
    { charges: [sampleCharge('requests', { model: 'per_unit', unitPrice: '-1' })] },
    ['charges[0].price.unitPrice'],
  ],
  [
    'an unknown model',
    { charges: [sampleCharge('requests', { model: 'constructor' } as unknown as PriceModel)] },
    ['charges[0].price.model'],
  ],
  ['a limit on an unknown meter', { limits: [{ ...LIMIT, meter: 'seats' }] }, ['limits[0].meter']],
  ['a limit that is no quantity', { limits: [{ ...LIMIT, limit: '1e3' }] }, ['limits[0].limit']],
  ['two limits of one meter and window', { limits: [LIMIT, { ...LIMIT, mode: 'soft' }] }, ['limits[1].meter']],
])('names where it is: %s', (_what, changes, paths) => {
  expect(checkPlan(samplePlan(changes), METERS).map(({ path }) => path)).toEqual(paths);
});

const WITH_REGION = new Map([['requests', { ...sampleMeter('requests'), dimensions: ['region'] }]]);
const LATEST = new Map([
  ['requests', { ...sampleMeter('requests'), dimensions: ['region'], aggregation: 'latest' as const }],
]);
const BUCKETED: PriceModel = { model: 'bucketed', bucket: 'day', price: { model: 'per_unit', unitPrice: '1' } };
const PERCENTAGE: PriceModel = { model: 'percentage', percent: '1', fixedFee: '0' };
const BANDS = [
  { upTo: '10', unitPrice: '1', flatFee: '0' },
  { upTo: null, unitPrice: '1', flatFee: '0' },
];
const GRADUATED: PriceModel = { model: 'graduated', bands: BANDS, flatAtZero: false };
const MATRIX: PriceModel = {
  model: 'matrix',
  dimensions: ['region'],
  cells: [],
  otherwise: { model: 'per_unit', unitPrice: '1' },
};

test.each<[string, Partial<Charge>, string[], Map<string, Meter>?]>([
  ['what stands around a price and is right', { conversion: { divide: '60' }, discount: { percent: '100' } }, []],
  ['a conversion by nothing', { conversion: {} }, ['conversion']],
  ['a conversion by zero', { conversion: { divide: '0' } }, ['conversion.divide']],
  ['a conversion to nothing', { conversion: { multiply: '0.0' } }, ['conversion.multiply']],
  ['a discount of more than the whole', { discount: { percent: '100.01' } }, ['discount.percent']],
  ['a negative discount', { discount: { amount: '-1' } }, ['discount.amount']],
  [
    'an unreadable commitment',
    { commitment: { amount: 'x', overageFactor: '-1', trueUp: true } },
    ['commitment.amount', 'commitment.overageFactor'],
  ],
  ['a minimum above the maximum', { minimum: '10', maximum: '9.99' }, ['maximum']],
  ['a minimum that is the maximum', { minimum: '10', maximum: '10.0' }, []],
  ['a filter on a dimension that the meter has', { filter: { region: ['eu'] } }, []],
  ['a filter on one that it has not', { filter: { zone: ['eu'] } }, ['filter.zone']],
  ['a filter that lets nothing through', { filter: { region: [] } }, ['filter.region']],
  [
    'a filter of absurdly many values',
    { filter: { region: Array.from({ length: 1_001 }, String) } },
    ['filter.region'],
  ],
  ['a price of as many characters as there may be', { includedUnits: `0.${'1'.repeat(38)}` }, []],
  ['a price of one more', { includedUnits: `0.${'1'.repeat(39)}` }, ['includedUnits']],
  ['a filter of as many as there may be', { filter: { region: Array.from({ length: 1_000 }, String) } }, []],
  ['groups of a dimension that the meter has not', { groupBy: 'zone' }, ['groupBy']],
  ['a matrix of one that it has', { price: MATRIX }, []],
  ['a matrix of one that it has not', { price: { ...MATRIX, dimensions: ['zone'] } }, ['price.dimensions']],
  ['included units of days', { price: BUCKETED, includedUnits: '1' }, ['includedUnits']],
  ['included units of a share', { price: PERCENTAGE, includedUnits: '1' }, ['includedUnits']],
  ['included units of groups', { price: GRADUATED, includedUnits: '1', groupBy: 'region' }, []],
  ['included units that fill bands', { price: GRADUATED, includedUnits: '1', includedUnitsTaken: 'after_band' }, []],
  ['or none, where there are none', { includedUnits: '1', includedUnitsTaken: 'after_band' }, ['includedUnitsTaken']],
  ['a share in groups', { price: PERCENTAGE, groupBy: 'region' }, ['price.model']],
  ['a share of what is no sum', { price: PERCENTAGE }, ['meter'], LATEST],
  ['days of a latest value', { price: BUCKETED }, ['meter'], LATEST],
  ['days of a latest value, in groups', { price: BUCKETED, groupBy: 'region' }, ['meter'], LATEST],
  ['groups of a latest value', { groupBy: 'region' }, [], LATEST],
])('of a charge: %s', (_what, changes, fields, meters = WITH_REGION) => {
  const plan = samplePlan({ charges: [{ ...sampleCharge('requests', PER_UNIT), ...changes }] });
  expect(checkPlan(plan, meters).map(({ path }) => path)).toEqual(fields.map((field) => `charges[0].${field}`));
});

test.each<[Partial<Charge>, string]>([
  [
    { price: { model: 'free' } as unknown as PriceModel },
    'free is no price model; these are: per_unit, graduated, volume,',
  ],
  [{ filter: { zone: ['eu'] } }, 'the meter requests has no dimension zone; it has region'],
  [{ price: BUCKETED, includedUnits: '1' }, 'make the first band of its prices free'],
  [{ price: PERCENTAGE, includedUnits: '1' }, 'write freeEvents or freeAmount'],
  [{ price: { ...GRADUATED, bands: BANDS.slice(0, 1) } }, 'the last band must be open (null)'],
  [{ price: { ...GRADUATED, bands: BANDS.toReversed() } }, 'only the last band is open: give this one an upper bound'],
])('says the cure', (changes, message) => {
  const plan = samplePlan({ charges: [{ ...sampleCharge('requests', PER_UNIT), ...changes }] });
  expect(checkPlan(plan, WITH_REGION)[0]?.message).toContain(message);
});

function problemsWith(bandCount: number): readonly string[] {
  const bands = Array.from({ length: bandCount }, (_, index) => {
    return { upTo: index === bandCount - 1 ? null : `${index + 1}`, unitPrice: '1', flatFee: '0' };
  });
  const charges = [sampleCharge('requests', { model: 'graduated', bands, flatAtZero: false })];
  return checkPlan(samplePlan({ charges }), METERS).map(({ message }) => message);
}

test('a price has a hundred bands and not one more', () => {
  expect(problemsWith(100)).toEqual([]);
  expect(problemsWith(101)).toEqual(['101 bands; at most 100 are allowed']);
});

function problemsOfHeld(band: Partial<Band>): readonly string[] {
  const bands = [{ upTo: null, unitPrice: '1', flatFee: '0', ...band }];
  const price = { model: 'graduated', bands, flatAtZero: false } as const;
  const fixedQuantities = [{ key: 'seats', description: 'Seats', unit: 'seat', price }];
  return checkPlan(samplePlan({ charges: [], fixedQuantities }), METERS).map(({ path }) => path);
}

test('what is held is not sold in blocks', () => {
  expect(problemsOfHeld({})).toEqual([]);
  expect(problemsOfHeld({ blockSize: '10' })).toEqual(['fixedQuantities[0].price.bands[0]']);
});

test('names everything at once', () => {
  const plan = samplePlan({ baseFee: '-1', limits: [{ ...LIMIT, meter: 'seats', limit: '-1' }] });
  expect(checkPlan(plan, METERS)).toEqual([
    { path: 'baseFee', message: '-1 is negative: prices, fees and quantities are 0 or more' },
    { path: 'limits[0].meter', message: 'there is no meter seats: define it under meters, or name another' },
    { path: 'limits[0].limit', message: '-1 is negative: prices, fees and quantities are 0 or more' },
  ]);
});
