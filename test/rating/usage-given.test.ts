import { expect, test } from 'vitest';

import type { Meter } from '../../src/domain/meter.ts';
import type { Charge, PriceModel } from '../../src/domain/plan.ts';
import { type GivenUsage, usageOfCharges } from '../../src/rating/usage-given.ts';
import { sampleCharge, sampleMeter } from './sample-inputs.ts';

const PER_UNIT: PriceModel = { model: 'per_unit', unitPrice: '1' };
const MATRIX: PriceModel = { model: 'matrix', dimensions: ['region'], cells: [], otherwise: PER_UNIT };
const PERCENTAGE: PriceModel = { model: 'percentage', percent: '1', fixedFee: '0' };

function read(charges: readonly Charge[], given: readonly GivenUsage[], changes: Partial<Meter> = {}) {
  const meter: Meter = { ...sampleMeter('calls'), dimensions: ['region', 'tier'], ...changes };
  const answer = usageOfCharges(charges, new Map([['calls', meter]]), given);
  if ('problems' in answer) return answer.problems.map(({ path, message }) => `${path}: ${message}`);
  return answer.usage.map(({ charge, quantity, parts, amounts }) => ({ charge, quantity, parts, amounts }));
}

function calls(price: PriceModel, changes: Partial<Charge> = {}): Charge {
  return { ...sampleCharge('calls', price), ...changes };
}

const PARTS = [
  { values: { region: 'us', tier: 'a' }, quantity: '2' },
  { values: { region: 'eu', tier: 'a' }, quantity: '3' },
  { values: { region: 'us', tier: 'b' }, quantity: '5' },
  { quantity: '7' },
];

test('the usage of a meter is given to each charge on it', () => {
  const charges = [calls(PER_UNIT), calls(PER_UNIT, { key: 'again' })];
  expect(read(charges, [{ meter: 'calls', quantity: '1.5' }])).toEqual([
    { charge: 'calls', quantity: '1.5', parts: undefined, amounts: undefined },
    { charge: 'again', quantity: '1.5', parts: undefined, amounts: undefined },
  ]);
});

test('usage that one of several charges takes needs nothing of the others', () => {
  const other = calls(PER_UNIT, { key: 'other', meter: 'others' });
  expect(read([other, calls(PER_UNIT)], [{ charge: 'calls', quantity: '2' }])).toMatchObject([
    { charge: 'calls', quantity: '2' },
  ]);
});

function part(values: object, quantity: string): object {
  return { values, bucket: null, quantity, eventCount: '0' };
}

test('parts are put together as the charge reads them, in the order of the ledger', () => {
  expect(read([calls(MATRIX)], [{ charge: 'calls', parts: PARTS }])).toEqual([
    {
      charge: 'calls',
      quantity: '17',
      parts: [part({ region: 'eu' }, '3'), part({ region: 'us' }, '7'), part({}, '7')],
      amounts: undefined,
    },
  ]);
  const [max] = read([calls(MATRIX)], [{ charge: 'calls', parts: PARTS }], { aggregation: 'max' });
  expect(max).toMatchObject({ quantity: '7', parts: [{ quantity: '3' }, { quantity: '5' }, { quantity: '7' }] });
});

test('a quantity that is given beside parts is the quantity: whether they come to it is asked when it is rated', () => {
  expect(read([calls(MATRIX)], [{ charge: 'calls', quantity: '20', parts: PARTS }])).toMatchObject([
    { quantity: '20', parts: [{ quantity: '3' }, { quantity: '7' }, { quantity: '7' }] },
  ]);
  const unique = read([calls(MATRIX)], [{ charge: 'calls', quantity: '9', parts: PARTS }], { aggregation: 'unique' });
  expect(unique).toMatchObject([{ quantity: '9' }]);
});

test('of a charge with a filter only what passes it is usage', () => {
  const filtered = calls(PER_UNIT, { filter: { region: ['us'], tier: ['a', 'c'] } });
  expect(read([filtered], [{ meter: 'calls', quantity: '17', parts: PARTS }])).toMatchObject([{ quantity: '2' }]);
});

test('amounts of events come to their quantity', () => {
  expect(read([calls(PERCENTAGE)], [{ charge: 'calls', amounts: ['10', '0.5'] }])).toMatchObject([
    {
      quantity: '10.5',
      amounts: [
        ['10', 1],
        ['0.5', 1],
      ],
    },
  ]);
});

test.each<[string, Charge, GivenUsage, string, Partial<Meter>?]>([
  ['nothing named', calls(PER_UNIT), { quantity: '1' }, 'names a charge or a meter'],
  ['both named', calls(PER_UNIT), { charge: 'calls', meter: 'calls', quantity: '1' }, 'names a charge or a meter'],
  ['a charge that is not there', calls(PER_UNIT), { charge: 'x', quantity: '1' }, 'it has calls (meter calls)'],
  ['no figure', calls(PER_UNIT), { charge: 'calls' }, 'gives no quantity'],
  ['a sum where parts are read', calls(MATRIX), { charge: 'calls', quantity: '1' }, 'quantity of each region'],
  [
    'a sum where groups are read',
    calls(PER_UNIT, { groupBy: 'tier' }),
    { charge: 'calls', quantity: '1' },
    'each tier',
  ],
  ['a sum where events are read', calls(PERCENTAGE), { charge: 'calls', quantity: '1' }, 'give the amounts'],
  [
    'a sum before a filter',
    calls(PER_UNIT, { filter: { tier: ['a'] } }),
    { charge: 'calls', quantity: '1' },
    'values of tier',
  ],
  [
    'parts that do not add up',
    calls(PER_UNIT),
    { charge: 'calls', parts: PARTS },
    'give its quantity',
    { aggregation: 'unique' },
  ],
])('%s is a problem', (_name, charge, given, words, changes) => {
  expect(read([charge], [given], changes)).toEqual([expect.stringContaining(words)]);
});

test('usage that is given twice is a problem, and nothing used needs no parts', () => {
  const twice = [
    { charge: 'calls', quantity: '1' },
    { meter: 'calls', quantity: '2' },
  ];
  expect(read([calls(PER_UNIT)], twice)).toEqual(['usage[1]: the usage of calls is given already']);
  expect(read([calls(MATRIX)], [{ charge: 'calls', quantity: '0' }])).toMatchObject([{ quantity: '0', parts: [] }]);
});

test('hours are kept where the charge prices hours, and left out where it does not', () => {
  const byHour = calls({ model: 'bucketed', bucket: 'hour', price: PER_UNIT });
  const [first, second] = ['2023-11-01T00:00:00Z', '2023-11-01T01:00:00Z'] as const;
  const parts = [
    { bucket: second, quantity: '3' },
    { bucket: first, quantity: '2' },
  ];
  expect(read([byHour], [{ charge: 'calls', parts }])).toMatchObject([
    {
      parts: [
        { bucket: first, quantity: '2' },
        { bucket: second, quantity: '3' },
      ],
    },
  ]);
  expect(read([calls(MATRIX)], [{ charge: 'calls', parts }])).toMatchObject([
    { parts: [{ bucket: null, quantity: '5' }] },
  ]);
  expect(read([byHour], [{ charge: 'calls', quantity: '1' }])).toEqual([
    'usage[0]: calls prices parts: give the quantity of each hour as parts',
  ]);
});

test('what is not there is named as it was asked for', () => {
  const given = [
    { charge: 'x', quantity: '1' },
    { meter: 'y', quantity: '1' },
  ];
  expect(read([calls(PER_UNIT)], given)).toEqual([
    'usage[0]: the plan has no charge x; it has calls (meter calls)',
    'usage[1]: the plan has no charge on the meter y; it has calls (meter calls)',
  ]);
});
