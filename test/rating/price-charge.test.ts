import { describe, expect, test } from 'vitest';

import type { Charge, PriceModel } from '../../src/domain/plan.ts';
import { stepsSentence } from '../../src/domain/steps-sentence.ts';
import { exact } from '../../src/rating/exact.ts';
import type { UsageFigures } from '../../src/rating/inputs.ts';
import { dueOf, priceCharge, type PricingContext } from '../../src/rating/price-charge.ts';
import { UnpricedQuantityError } from '../../src/rating/problem.ts';
import { amountOf } from './models/priced-as.ts';
import { sampleCharge } from './sample-inputs.ts';

const CONTEXT = { aggregation: 'sum', currency: 'USD' } as const;
const PER_UNIT: PriceModel = { model: 'per_unit', unitPrice: '0.4' };
const BANDS = [
  { upTo: '10', unitPrice: '1', flatFee: '3' },
  { upTo: null, unitPrice: '2', flatFee: '0' },
];
const GRADUATED: PriceModel = { model: 'graduated', bands: BANDS, flatAtZero: false };

function priced(charge: Partial<Charge>, usage: string | UsageFigures, context: Partial<PricingContext> = {}) {
  const figures = typeof usage === 'string' ? { quantity: usage } : usage;
  const whole = priceCharge({ ...sampleCharge('requests', PER_UNIT), ...charge }, figures, { ...CONTEXT, ...context });
  // What the steps say is the amount: of whatever is priced here.
  amountOf(whole);
  return whole;
}

const due = (...args: Parameters<typeof priced>): string => dueOf(priced(...args)).text;
const sentence = (...args: Parameters<typeof priced>): string => stepsSentence(priced(...args).steps);

describe('a quantity', () => {
  test.each([
    ['exactly, not yet rounded', '0.1234567', '0', '0.04938268'],
    ['after the included units', '12', '10', '0.8'],
    ['included units that are not used up cost nothing', '10', '10', '0'],
    ['a negative quantity costs nothing', '-5', '0', '0'],
    ['a negative quantity does not add to the included units', '-5', '3', '0'],
  ])('is priced %s', (_what, quantity, includedUnits, expected) => {
    expect(due({ includedUnits }, quantity)).toBe(expected);
  });

  test('says how, with what the parts add up to', () => {
    expect(sentence({ includedUnits: '10' }, '12')).toBe('10 of 12 included, then 2 × 0.4 = 0.8');
    expect(sentence({ price: GRADUATED }, '1015')).toBe(
      '10 × 1 = 10, then flat fee 3, then 1,005 × 2 = 2,010, together 2,023',
    );
  });

  test('that no price covers is an error that names the charge', () => {
    const price: PriceModel = { ...GRADUATED, bands: [{ upTo: '5', unitPrice: '1', flatFee: '0' }], bounded: true };
    expect(() => priced({ price }, '6')).toThrow(UnpricedQuantityError);
    expect(() => priced({ price }, '6')).toThrow('charge requests: no band is open for 6: the last one ends at 5');
  });

  test('of a model that is not in the table is an error', () => {
    expect(() => priced({ price: { model: 'toString' } as unknown as PriceModel }, '1')).toThrow(/unknown price model/);
  });
});

describe('included units', () => {
  test('are taken off before bands and packages', () => {
    expect(due({ price: GRADUATED, includedUnits: '5' }, '15')).toBe('13');
    const packages: PriceModel = { model: 'package', size: '10', packagePrice: '1', freeUnits: '0' };
    expect(due({ price: packages, includedUnits: '5' }, '15')).toBe('1');
  });

  test('or choose the band and fill the lower ones, where the charge says so', () => {
    expect(due({ price: GRADUATED, includedUnits: '5', includedUnitsTaken: 'after_band' }, '15')).toBe('18');
    const volume: PriceModel = { model: 'volume', bands: BANDS, flatAtZero: false };
    expect(due({ price: volume, includedUnits: '5' }, '15')).toBe('13');
    expect(due({ price: volume, includedUnits: '5', includedUnitsTaken: 'after_band' }, '15')).toBe('20');
  });
});

describe('conversion', () => {
  test.each<[string, Charge['conversion'] & object, string, string]>([
    ['divided and rounded up', { divide: '1000', rounding: 'up' }, '1400', '0.8'],
    ['rounded down', { divide: '1000', rounding: 'down' }, '1999', '0.4'],
    ['half up', { divide: '1000', rounding: 'half_up' }, '1500', '0.8'],
    ['below half', { divide: '1000', rounding: 'half_up' }, '1499', '0.4'],
    ['multiplied', { multiply: '2.5' }, '4', '4'],
    ['multiplied and divided', { multiply: '3', divide: '4' }, '4', '1.2'],
    ['without an end: a sixtieth of an hour', { divide: '60' }, '100', '2/3'],
  ])('%s', (_what, conversion, quantity, expected) => {
    expect(due({ conversion }, quantity)).toBe(expected);
  });

  test('comes before the included units, and is said', () => {
    const conversion = { divide: '1000', rounding: 'up' } as const;
    expect(sentence({ conversion, includedUnits: '0.5' }, '1400')).toBe(
      '1,400 / 1,000, rounded up = 2, then 0.5 of 2 included, then 1.5 × 0.4 = 0.6',
    );
  });
});

test('a discount of nothing is no step', () => {
  const steps = priced({ discount: { percent: '0' } }, '10').steps.map(({ step }) => step);
  expect(steps).toEqual(priced({}, '10').steps.map(({ step }) => step));
});

describe('a discount', () => {
  test('is a share, or an amount and never more than there is', () => {
    expect(due({ discount: { percent: '50' } }, '10')).toBe('2');
    expect(due({ discount: { percent: '100' } }, '10')).toBe('0');
    expect(due({ discount: { amount: '1.5' } }, '10')).toBe('2.5');
    expect(due({ discount: { amount: '5' } }, '10')).toBe('0');
  });

  test('of a fixed amount is for a whole period', () => {
    expect(due({ discount: { amount: '2' } }, '10', { share: exact('0.25') })).toBe('3.5');
    expect(due({ discount: { percent: '50' } }, '10', { share: exact('0.25') })).toBe('2');
  });

  test('is said', () => {
    expect(sentence({ discount: { percent: '50' } }, '10')).toBe(
      '10 × 0.4 = 4, then 50 % discount on 4: -2, together 2',
    );
  });
});

describe('a commitment', () => {
  const commitment = { amount: '10', overageFactor: '1.5', trueUp: true };

  test.each<[string, Partial<Charge>, string, Partial<PricingContext>, string]>([
    ['what is missing is charged', { commitment }, '10', {}, '10'],
    ['only by the last bill', { commitment }, '10', { isLast: false }, '4'],
    ['or never', { commitment: { ...commitment, trueUp: false } }, '10', {}, '4'],
    ['what goes beyond is dearer', { commitment }, '50', {}, '25'],
    ['or cheaper', { commitment: { ...commitment, overageFactor: '0.5' } }, '50', {}, '15'],
    ['exactly met', { commitment }, '25', {}, '10'],
    ['of a part of a period, for that part', { commitment }, '10', { share: exact('0.5') }, '5'],
    ['after the discount', { commitment, discount: { percent: '50' } }, '50', {}, '10'],
  ])('%s', (_what, charge, quantity, context, expected) => {
    expect(due(charge, quantity, context)).toBe(expected);
  });

  test('of which bills before came to a part', () => {
    expect(due({ commitment }, '5', { earlier: { billed: exact('7') } })).toBe('3');
    expect(due({ commitment }, '10', { earlier: { billed: exact('7') } })).toBe('4.5');
    expect(due({ commitment }, '5', { earlier: { billed: exact('12') } })).toBe('3');
  });
});

describe('minimum and maximum', () => {
  test.each<
    [string, Partial<Charge>, string, Partial<PricingContext>, [amount: string, shortfall: string, excess: string]]
  >([
    ['what is missing is told apart', { minimum: '10' }, '10', {}, ['4', '6', '0']],
    ['and charged by the last bill only', { minimum: '10' }, '10', { isLast: false }, ['4', '0', '0']],
    ['what earlier bills came to counts', { minimum: '10' }, '0', { earlier: { billed: exact('7') } }, ['0', '3', '0']],
    ['more than the minimum', { minimum: '10' }, '100', {}, ['40', '0', '0']],
    ['what goes beyond is told apart', { maximum: '10' }, '100', {}, ['40', '0', '30']],
    ['by every bill', { maximum: '10' }, '100', { isLast: false }, ['40', '0', '30']],
    [
      'earlier bills used a part of it',
      { maximum: '10' },
      '100',
      { earlier: { billed: exact('7') } },
      ['40', '0', '37'],
    ],
    ['or all', { maximum: '10' }, '100', { earlier: { billed: exact('11') } }, ['40', '0', '40']],
    [
      'of a part of a period, for that part',
      { minimum: '9', maximum: '12' },
      '1',
      { share: exact('0.5') },
      ['0.4', '4.1', '0'],
    ],
    ['both for that part', { minimum: '9', maximum: '12' }, '100', { share: exact('0.5') }, ['40', '0', '34']],
    ['after the discount', { minimum: '10', discount: { percent: '50' } }, '10', {}, ['2', '8', '0']],
  ])('%s', (_what, charge, quantity, context, expected) => {
    const { amount, shortfall, excess } = priced(charge, quantity, context);
    expect([amount, shortfall, excess].map(({ text }) => text)).toEqual(expected);
  });
});

const part = (values: Record<string, string>, quantity: string) => ({
  values,
  bucket: null,
  quantity,
  eventCount: '1',
});

describe('groups', () => {
  const usage = { quantity: '24', parts: [part({ team: 'a' }, '12'), part({ team: 'b' }, '9'), part({}, '3')] };

  test('are converted, freed of included units and priced by themselves', () => {
    expect(due({ price: GRADUATED, groupBy: 'team' }, usage)).toBe('35');
    expect(due({ price: GRADUATED, groupBy: 'team', includedUnits: '3' }, usage)).toBe('21');
    expect(due({ price: PER_UNIT, groupBy: 'team', conversion: { divide: '10', rounding: 'up' } }, usage)).toBe('1.6');
  });

  test('are said by name, also that without a name', () => {
    expect(sentence({ price: GRADUATED, groupBy: 'team' }, usage)).toBe(
      'team a: 10 × 1 = 10, then flat fee 3, then 2 × 2 = 4, together 17, then ' +
        'team b: 9 × 1 = 9, then flat fee 3, together 12, then ' +
        'without team: 3 × 1 = 3, then flat fee 3, together 6, together 35',
    );
  });

  test('without usage come to nothing', () => {
    expect(sentence({ groupBy: 'team' }, { quantity: '0', parts: [] })).toBe('no usage = 0');
    expect(due({ groupBy: 'team' }, '0')).toBe('0');
  });

  test('of a peak are bounded by their own', () => {
    const hours = [part({ team: 'a', region: 'x' }, '5'), part({ team: 'a', region: 'y' }, '9')];
    const price: PriceModel = {
      model: 'capacity',
      bands: [
        { upTo: '8', flatFee: '1' },
        { upTo: '9', flatFee: '2' },
        { upTo: null, flatFee: '7' },
      ],
    };
    const peaks = { quantity: '9', parts: hours };
    expect(due({ price, groupBy: 'team' }, peaks, { aggregation: 'max' })).toBe('2');
    expect(due({ price, groupBy: 'team' }, peaks, { aggregation: 'sum' })).toBe('7');
    const half = { quantity: '0.5', parts: [part({ team: 'a' }, '0.5')] };
    expect(due({ groupBy: 'team' }, half, { aggregation: 'max' })).toBe('0.2');
  });

  test('below zero cost nothing, and give nothing to the others', () => {
    expect(
      due({ groupBy: 'team' }, { quantity: '5', parts: [part({ team: 'a' }, '-5'), part({ team: 'b' }, '10')] }),
    ).toBe('4');
  });
});

const before = (units: string, includedUnits?: string): Partial<PricingContext> => ({
  earlier: {
    units: exact(units),
    billed: exact('0'),
    ...(includedUnits !== undefined && { includedUnits: exact(includedUnits) }),
  },
});

describe('units before', () => {
  test('fill the lower bands, and their own price is taken off', () => {
    expect(due({ price: GRADUATED }, '6', before('8'))).toBe('10');
    expect(due({ price: GRADUATED }, '6', before('0'))).toBe('9');
    expect(sentence({ price: GRADUATED }, '6', before('8'))).toBe(
      '10 × 1 = 10, then flat fee 3, then 4 × 2 = 8, then less 11 of the 8 before, together 10',
    );
  });

  test('leave the included units that are left', () => {
    expect(due({ price: GRADUATED, includedUnits: '6' }, '11', before('0', '4'))).toBe('12');
  });

  test('that were free fill the lowest ones', () => {
    const charge = { price: GRADUATED, includedUnits: '6', includedUnitsTaken: 'after_band' } as const;
    const [whole, first] = [due(charge, '15'), due(charge, '4')];
    expect(due(charge, '11', before('4', '4'))).toBe(exact(whole).minus(exact(first)).text);
    expect(due(charge, '11', before('0'))).toBe(due(charge, '11'));
  });

  test.each<[string, Partial<Charge>]>([
    ['groups', { groupBy: 'team' }],
    ['hours', { price: { model: 'bucketed', bucket: 'hour', price: { model: 'per_unit', unitPrice: '1' } } }],
    ['events', { price: { model: 'percentage', percent: '1', fixedFee: '0' } }],
  ])('are refused for prices of %s: one number would price them wrongly', (_what, charge) => {
    expect(() => priced(charge, '1', before('1'))).toThrow(/requests cannot be priced on top of units before/);
  });
});

test('a fee that is due always is for a whole period', () => {
  const price: PriceModel = { model: 'flat', amount: '31', due: 'always' };
  expect(due({ price }, '0')).toBe('31');
  expect(due({ price }, '0', { share: exact('10').dividedBy(exact('31')) })).toBe('10');
  expect(sentence({ price }, '0', { share: exact('10').dividedBy(exact('31')) })).toBe(
    'fee 31, then for 10/31 of the period: -21, together 10',
  );
  // One more bill for the same time: the fee was due with the first.
  expect(due({ price }, '1', { earlier: { units: exact('5'), billed: exact('31') } })).toBe('0');
  expect(due({ price: { ...price, due: 'when_used' } }, '1', { share: exact('0.5') })).toBe('31');
});
