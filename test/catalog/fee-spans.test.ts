import { describe, expect, test } from 'vitest';

import { feesFromStart, feeTexts } from '../../src/catalog/fee-spans.ts';
import { periodSpans, spanTexts } from '../../src/catalog/period-spans.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import type { FixedQuantityPrice } from '../../src/domain/plan.ts';
import type { PeriodLength } from '../../src/domain/period-length.ts';
import { billTexts, entryOf, feePlan, type FeeTenant, periodsOf } from './cadence-bills.ts';

const JANUARY = '2026-01-01T00:00:00Z';
const APRIL = '2026-04-01T00:00:00Z';
const JULY = '2026-07-01T00:00:00Z';

const seats = (price: FixedQuantityPrice, every: PeriodLength) => {
  return { key: 'seats', description: 'Seats', unit: 'seat', price, every };
};
const TEAM = feePlan({
  baseFee: '1200',
  baseFeeEvery: 'year',
  baseFeeDue: 'advance',
  fixedQuantities: [seats({ model: 'per_unit', unitPrice: '120' }, 'year')],
});
const MONTHLY: Omit<FeeTenant, 'endsAt' | 'plans'> = { billingStart: JANUARY, periodLength: 'month' };

/** The bills that have lines, as `month: key amount, key amount`. */
function bills(tenant: FeeTenant): readonly string[] {
  const found: string[] = [];
  for (const text of billTexts(entryOf(tenant))) {
    if (text.startsWith('  ')) found.push(`${found.pop() ?? ''} ${text.trim().replaceAll('T00:00:00Z', '')};`);
    else found.push(text);
  }
  return found.filter((text) => text.endsWith(';'));
}

/** From where to where the fees of the plan go, period by period of the tenant. */
function feesOf(tenant: FeeTenant): readonly string[] {
  const entry = entryOf(tenant);
  const spans = periodsOf(entry).flatMap((period) => periodSpans(entry, period) ?? []);
  const fees = spans.flatMap((span) => spanTexts(span).fees ?? []);
  return [...new Set(fees.map(({ period, from, to }) => `${period.start} ${period.end} ${from} ${to}`))];
}

describe('the bills of a yearly fee and yearly seats beside months', () => {
  test('come to the figures of docs/catalogue.md', () => {
    const plans = [
      [TEAM, JANUARY],
      [{ ...TEAM, version: 2, baseFee: '2400', fixedQuantities: [] }, JULY],
    ] as const;
    const held = {
      seats: [
        ['2', JANUARY],
        ['3', APRIL],
      ],
    } as const;
    expect(bills({ ...MONTHLY, endsAt: '2027-02-01T00:00:00Z', plans, held })).toEqual([
      '2026-01-01 base:year:2026-01-01 120000; quantity:seats:year:2026-01-01 24000;',
      '2026-04-01 quantity:seats:year:2026-01-01:change:2026-04-01 9041;',
      '2026-07-01 base:year:2026-07-01 120986; base:year:2026-01-01:rest -60493; quantity:seats:year:2026-01-01:rest -18148;',
      '2027-01-01 base:year:2027-01-01 240000; base:year:2027-01-01:rest -219616;',
    ]);
  });

  test('give back in the middle of a month where another plan begins, which begins years of its own', () => {
    const plans = [
      [TEAM, JANUARY],
      [{ ...TEAM, key: 'large' }, '2026-03-16T00:00:00Z'],
    ] as const;
    expect(bills({ ...MONTHLY, endsAt: '2027-04-01T00:00:00Z', plans })).toEqual([
      '2026-01-01 base:year:2026-01-01 120000;',
      '2026-03-01 base:year:2026-01-01:rest -95671; base:year:2026-03-16 120000;',
      '2027-03-01 base:year:2027-03-16 120000; base:year:2027-03-16:rest -114754;',
    ]);
  });

  test('are in arrears where the plan says so: with the bill in which their year, or the plan, ends', () => {
    const { baseFeeDue: _advance, fixedQuantities: _seats, ...arrears } = TEAM;
    const plans = [
      [arrears, JANUARY],
      [feePlan({ key: 'free' }), '2027-04-01T00:00:00Z'],
    ] as const;
    expect(bills({ ...MONTHLY, endsAt: '2027-06-01T00:00:00Z', plans })).toEqual([
      '2026-12-01 base:year:2026-01-01 120000;',
      '2027-04-01 base:year:2027-01-01 29589;',
    ]);
  });

  test('have nothing of a trial, and begin when it ends', () => {
    const tenant = { ...MONTHLY, trialDays: 40, endsAt: '2027-03-01T00:00:00Z' };
    expect(bills({ ...tenant, plans: [[TEAM, JANUARY]] })).toEqual([
      '2026-02-01 base:year:2026-02-10 120000;',
      '2027-02-01 base:year:2027-02-10 120000; base:year:2027-02-10:rest -113753;',
    ]);
    const left = [
      [TEAM, JANUARY],
      [feePlan({ key: 'free' }), '2026-02-01T00:00:00Z'],
    ] as const;
    expect(bills({ ...tenant, plans: left })).toEqual([]);
  });

  test('of an add-on are those of a plan, told apart by its key', () => {
    const support = { ...TEAM, key: 'support', addOn: true } as const;
    const addOns = [[support, '2026-02-10T00:00:00Z', '2026-05-01T00:00:00Z']] as const;
    const tenant = { ...MONTHLY, endsAt: JULY, plans: [[feePlan({}), JANUARY]] as const, addOns };
    expect(bills(tenant)).toEqual([
      '2026-02-01 addon:support:base:year:2026-02-10 120000;',
      '2026-05-01 addon:support:base:year:2026-02-10:rest -93699;',
    ]);
  });
});

test('monthly fees beside a bill by the year are a line for each month', () => {
  const plan = feePlan({ baseFee: '31', baseFeeEvery: 'month', baseFeeDue: 'advance' });
  const tenant = { billingStart: JANUARY, endsAt: '2026-12-16T12:00:00Z', periodLength: 'year' } as const;
  const [year] = bills({ ...tenant, plans: [[plan, JANUARY]] });
  expect(year?.match(/base:month:\S+ 3100;/g)).toHaveLength(12);
  expect(year).toMatch(/base:month:2026-12-01:rest -1550;$/);
});

test('a cadence that is the billing period is billed as the period is', () => {
  const plan = feePlan({ baseFee: '31', baseFeeEvery: 'month' });
  expect(bills({ ...MONTHLY, endsAt: '2026-02-15T00:00:00Z', plans: [[plan, JANUARY]] })).toEqual([
    '2026-01-01 base:month:2026-01-01 3100;',
    '2026-02-01 base:month:2026-02-01 1550;',
  ]);
});

test('seats of bands move through them within their year, and a year that ends early costs its part of each', () => {
  const price: FixedQuantityPrice = {
    model: 'graduated',
    bands: [
      { upTo: '2', unitPrice: '365', flatFee: '0' },
      { upTo: null, unitPrice: '36.5', flatFee: '73' },
    ],
    flatAtZero: false,
  };
  const plan = feePlan({ fixedQuantities: [seats(price, 'year')] });
  const held = {
    seats: [
      ['2', JANUARY],
      ['5', '2026-01-11T00:00:00Z'],
      ['1', '2026-02-20T00:00:00Z'],
    ],
  } as const;
  const tenant = { ...MONTHLY, endsAt: '2026-04-11T00:00:00Z', plans: [[plan, JANUARY]] as const, held };
  expect(bills(tenant)).toEqual([
    '2026-01-01 quantity:seats:year:2026-01-01 73000; quantity:seats:year:2026-01-01:change:2026-01-11 17950;',
    // 3 in the upper band and 1 in the lower one, for the 315 days that are left.
    '2026-02-01 quantity:seats:year:2026-01-01:change:2026-02-20 -40950;',
    // 265 days that are left of one seat, and of the flat fee that was touched.
    '2026-04-01 quantity:seats:year:2026-01-01:rest -31800;',
  ]);
});

describe('the periods of a fee', () => {
  const yearly = feePlan({ baseFee: '1', baseFeeEvery: 'year' });
  const monthly = feePlan({ baseFee: '1', baseFeeEvery: 'month' });

  test('keep the day of the month on which the tenant came to the plan, and clamp in short ones', () => {
    const tenant = {
      billingStart: '2023-12-31T00:00:00Z',
      endsAt: '2024-04-30T00:00:00Z',
      periodLength: 'week',
    } as const;
    expect(feesOf({ ...tenant, plans: [[monthly, '2023-12-31T00:00:00Z']] }).map((text) => text.slice(0, 10))).toEqual([
      '2023-12-31',
      '2024-01-31',
      '2024-02-29',
      '2024-03-31',
    ]);
  });

  test('follow the clock of the tenant, also from a leap day', () => {
    const start = '2024-02-28T23:00:00Z';
    const tenant = { billingStart: start, endsAt: '2025-04-01T00:00:00Z', periodLength: 'month' } as const;
    expect(feesOf({ ...tenant, timeZone: 'Europe/Berlin', plans: [[yearly, start]] })).toEqual([
      '2024-02-28T23:00:00Z 2025-02-27T23:00:00Z 2024-02-28T23:00:00Z 2025-02-27T23:00:00Z',
      '2025-02-27T23:00:00Z 2026-02-27T23:00:00Z 2025-02-27T23:00:00Z 2026-02-27T23:00:00Z',
      // The last bill knows where the tenant ends.
      '2025-02-27T23:00:00Z 2026-02-27T23:00:00Z 2025-02-27T23:00:00Z 2025-04-01T00:00:00Z',
    ]);
  });

  test('begin anew where a plan comes back after another', () => {
    const plans = [
      [yearly, JANUARY],
      [feePlan({ key: 'free' }), APRIL],
      [yearly, JULY],
    ] as const;
    const starts = feesOf({ ...MONTHLY, endsAt: '2026-10-01T00:00:00Z', plans }).map((text) => text.slice(0, 10));
    expect([...new Set(starts)]).toEqual(['2026-01-01', '2026-07-01']);
  });

  test('of somebody who comes to the plan with a period begin with it', () => {
    const period = { startMicros: requireInstant(APRIL), endMicros: requireInstant('2026-05-01T00:00:00Z') };
    expect(feesFromStart(yearly, 'UTC', period).map(feeTexts)).toEqual([
      { every: 'year', period: { start: APRIL, end: '2027-04-01T00:00:00Z' }, from: APRIL, to: '2027-04-01T00:00:00Z' },
    ]);
  });
});
