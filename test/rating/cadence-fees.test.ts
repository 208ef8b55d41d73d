import { describe, expect, test } from 'vitest';

import type { FeeSpan, RatedSpan, RatingInputs } from '../../src/rating/inputs.ts';
import { projectInputs } from '../../src/rating/project-inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { checkPlan } from '../../src/rating/check-plan.ts';
import { sampleInputs, samplePlan, sampleSpan } from './sample-inputs.ts';

const NOVEMBER = '2023-11-01T00:00:00Z';
const DECEMBER = '2023-12-01T00:00:00Z';
const YEAR = { start: NOVEMBER, end: '2024-11-01T00:00:00Z' };
const FEE: FeeSpan = { every: 'year', period: YEAR, from: NOVEMBER, to: YEAR.end };

const SEATS = {
  key: 'seats',
  description: 'Seats',
  unit: 'seat',
  price: {
    model: 'volume',
    bands: [{ upTo: '2', unitPrice: '366', flatFee: '36.6' }],
    bounded: true,
    flatAtZero: false,
  },
  every: 'year',
} as const;
const PLAN = samplePlan({ baseFee: '366', baseFeeEvery: 'year', baseFeeDue: 'advance', charges: [] });
const SEATED = samplePlan({ baseFee: '0', charges: [], fixedQuantities: [SEATS] });

function span(changes: Partial<RatedSpan>): RatedSpan {
  return sampleSpan({ planVersion: PLAN, usage: [], fees: [FEE], ...changes });
}

function rate(changes: Partial<RatingInputs>) {
  const result = rateInvoice(sampleInputs({ spans: [span({})], ...changes }));
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content.lines;
}

function problemsOf(changes: Partial<RatingInputs>): readonly string[] {
  const result = rateInvoice(sampleInputs({ spans: [span({})], ...changes }));
  return 'problems' in result ? result.problems : [];
}

describe('a line of a fee by the year', () => {
  test('is not there where the fee is nothing', () => {
    expect(rate({ spans: [span({ planVersion: { ...PLAN, baseFee: '0' } })] })).toEqual([]);
  });

  test('is not there where only seats are by the year', () => {
    const planVersion = { ...SEATED, baseFee: '30' };
    expect(rate({ spans: [span({ planVersion })] }).map(({ key }) => key)).toEqual(['base']);
  });

  test('says what is paid for, and how much of the year that is', () => {
    const fee = { ...FEE, from: '2023-11-11T00:00:00Z' };
    const spans = [
      span({ to: fee.from, planVersion: samplePlan({ key: 'free', baseFee: '0', charges: [] }), fees: [] }),
      span({ from: fee.from, fees: [fee] }),
    ];
    expect(rate({ spans })).toMatchObject([
      {
        key: `base:year:${fee.from}`,
        kind: 'base_fee',
        description: `Trace, base fee of the year from ${NOVEMBER}`,
        quantity: '1',
        unit: 'year',
        exactAmount: '356',
        provenance: { planKey: 'trace', from: fee.from, to: YEAR.end, accountingPeriodStart: NOVEMBER, charge: null },
        steps: [{ step: 'proration', sentence: 'base fee 366 × 178/183 of the year = 356', amount: '356' }],
      },
    ]);
  });

  test('that gives back says from where on, and its steps come to it', () => {
    const left = '2023-11-16T00:00:00Z';
    const spans = [
      span({ to: left, fees: [{ ...FEE, from: NOVEMBER, to: left }] }),
      span({ from: left, planVersion: samplePlan({ key: 'free', baseFee: '0', charges: [] }), fees: [] }),
    ];
    expect(rate({ spans })).toMatchObject([
      { exactAmount: '366', steps: [{ sentence: 'base fee 366' }] },
      {
        key: `base:year:${NOVEMBER}:rest`,
        description: `Trace, base fee of the year from ${NOVEMBER}, given back from ${left}`,
        exactAmount: '-351',
        amountMinor: '-35100',
        provenance: { from: left, to: YEAR.end },
        steps: [{ sentence: 'base fee 366 × 117/122 of the year = 351, given back', amount: '-351' }],
      },
    ]);
  });

  test('is there on the first bill alone, and the rest where its plan ended with the period before', () => {
    const before = { ...FEE, period: { start: '2023-10-01T00:00:00Z', end: '2024-10-01T00:00:00Z' } };
    const [from, to] = [before.period.start, before.period.end];
    expect(rate({ spans: [span({ fees: [{ ...before, from, to }] })] })).toEqual([]);
    const endedPlans = [{ planVersion: PLAN, fees: [{ ...before, from, to: NOVEMBER }] }];
    const none = span({ planVersion: samplePlan({ key: 'free', baseFee: '0', charges: [] }), fees: [] });
    expect(rate({ spans: [none], endedPlans })).toMatchObject([
      {
        key: `base:year:${from}:rest`,
        exactAmount: '-335',
        provenance: { planKey: 'trace', usagePeriodStart: NOVEMBER },
      },
    ]);
  });

  test('is none in a trial', () => {
    expect(rate({ spans: [span({ trial: true, fees: [] })] })).toEqual([]);
  });
});

test('seats whose price is by volume are given back as they were charged, with their flat fee', () => {
  const left = '2023-11-16T00:00:00Z';
  const quantities = [{ key: 'seats', from: NOVEMBER, to: left, quantity: '2' }];
  const spans = [
    span({ planVersion: SEATED, to: left, fees: [{ ...FEE, to: left, quantities }] }),
    span({ from: left, planVersion: samplePlan({ key: 'free', baseFee: '0', charges: [] }), fees: [] }),
  ];
  expect(rate({ spans }).map(({ key, quantity, exactAmount }) => [key, quantity, exactAmount])).toEqual([
    [`quantity:seats:year:${NOVEMBER}`, '2', '768.6'],
    [`quantity:seats:year:${NOVEMBER}:rest`, '-2', '-737.1'],
  ]);
});

test('a projection has the fees as they are, and a base fee of the next period has none of a year', () => {
  const projected = projectInputs(sampleInputs({ spans: [span({})] }), '2023-11-11T00:00:00Z');
  expect(projected?.spans[0]?.fees).toEqual([FEE]);
  const next = { start: DECEMBER, end: '2024-01-01T00:00:00Z', planVersion: PLAN };
  expect(rate({ next }).map(({ key }) => key)).toEqual([`base:year:${NOVEMBER}`]);
});

test('a minimum of the plan is on its charges, whatever a year costs; to cover that is refused', () => {
  const planVersion = { ...PLAN, minimum: '5' };
  expect(rate({ spans: [span({ planVersion })] }).map(({ key, amountMinor }) => [key, amountMinor])).toEqual([
    [`base:year:${NOVEMBER}`, '36600'],
    ['plan:minimum', '500'],
  ]);
  const covering = { ...planVersion, boundsCover: 'charges_and_base_fee' } as const;
  expect(checkPlan(covering, new Map())).toEqual([
    {
      path: 'boundsCover',
      message: 'cannot cover a fee that has a cadence of its own: choose charges, or leave baseFeeEvery out',
    },
  ]);
  const seated = { ...SEATED, boundsCover: 'charges_and_base_fee' } as const;
  expect(checkPlan(seated, new Map())[0]?.message).toMatch(/leave fixedQuantities\[0\]\.every out$/);
});

test.each<[string, RatedSpan, string]>([
  ['no fee for the plan', span({ fees: [] }), `is not given for all of the time from ${NOVEMBER} to ${DECEMBER}`],
  [
    'a fee that begins late',
    span({ fees: [{ ...FEE, from: '2023-11-02T00:00:00Z' }] }),
    'is not given for all of the time',
  ],
  [
    'a gap between two parts',
    span({
      fees: [
        { ...FEE, to: '2023-11-02T00:00:00Z' },
        { ...FEE, from: '2023-11-03T00:00:00Z' },
      ],
    }),
    'is not given for all',
  ],
  [
    'a fee that the plan has not',
    span({ fees: [FEE, { ...FEE, every: 'week' }] }),
    'the fee by the week of plan trace version 1 is given, and the plan has none',
  ],
  [
    'a part outside of its period',
    span({ fees: [{ ...FEE, from: '2023-10-01T00:00:00Z' }] }),
    'is empty or lies outside of its period',
  ],
  ['an empty part', span({ fees: [{ ...FEE, to: NOVEMBER }] }), 'is empty or lies outside'],
  ['an unreadable instant', span({ fees: [{ ...FEE, to: 'soon' }] }), 'is empty or lies outside'],
  [
    'a quantity that is no decimal',
    span({
      planVersion: SEATED,
      fees: [{ ...FEE, quantities: [{ key: 'seats', from: NOVEMBER, to: DECEMBER, quantity: 'two' }] }],
    }),
    'the quantity seats is no plain decimal: "two"',
  ],
  [
    'a quantity outside of its part',
    span({
      planVersion: SEATED,
      fees: [{ ...FEE, quantities: [{ key: 'seats', from: '2023-10-01T00:00:00Z', to: DECEMBER, quantity: '2' }] }],
    }),
    'overlaps another or lies outside of the fee by the',
  ],
])('a bill is not made of %s', (_what, of, problem) => {
  expect(problemsOf({ spans: [of] })[0]).toContain(problem);
});

test('a plan is settled where the period begins, and nowhere else; more than its price covers is told', () => {
  const endedPlans = [{ planVersion: PLAN, fees: [{ ...FEE, from: NOVEMBER, to: DECEMBER }] }];
  expect(problemsOf({ endedPlans })).toEqual([
    `the fee by the year of plan trace version 1 is settled at ${DECEMBER} and not where the period begins`,
  ]);
  const quantities = [{ key: 'seats', from: NOVEMBER, to: DECEMBER, quantity: '3' }];
  expect(problemsOf({ spans: [span({ planVersion: SEATED, fees: [{ ...FEE, quantities }] })] })).toHaveLength(1);
});
