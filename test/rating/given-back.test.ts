import { describe, expect, test } from 'vitest';

import { askedOfBill } from '../../src/domain/asked-of-bill.ts';
import type { InvoiceContent } from '../../src/domain/invoice.ts';
import { chargedBefore } from '../../src/rating/charged-before.ts';
import type { FeeBill, FeeSpan, HeldQuantity, RatedSpan, RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleInputs, samplePlan, sampleSpan } from './sample-inputs.ts';

/** A fee of 366 by the leap year from October on, of which the plan is left in November; 366 days are 31 of October and so on. */
const OCTOBER = '2023-10-01T00:00:00Z';
const NOVEMBER = '2023-11-01T00:00:00Z';
const LEFT = '2023-11-16T00:00:00Z';
const YEAR = { start: OCTOBER, end: '2024-10-01T00:00:00Z' };
const PLAN = samplePlan({ baseFee: '366', baseFeeEvery: 'year', baseFeeDue: 'advance', charges: [] });
const FREE = samplePlan({ key: 'free', baseFee: '0', charges: [] });
const SEATS = {
  key: 'seats',
  description: 'Seats',
  unit: 'seat',
  price: { model: 'per_unit', unitPrice: '366' },
  every: 'year',
} as const;
const SEATED = samplePlan({ baseFee: '0', charges: [], fixedQuantities: [SEATS] });
const HALF: FeeBill = {
  start: OCTOBER,
  end: NOVEMBER,
  invoiceId: 'inv_a',
  asked: { beforeMinor: '36600', afterMinor: '18300' },
};
const COUPON = { id: 'cpn_a', description: 'Half', discount: { percent: '50' } } as const;
const ONE_OFF = { id: 'one_a', description: 'Setup', amount: '100', at: NOVEMBER };

function spansOf(planVersion: RatedSpan['planVersion'], fee: Partial<FeeSpan> = {}): RatedSpan[] {
  const held: FeeSpan = { every: 'year', period: YEAR, from: OCTOBER, to: LEFT, ...fee };
  return [
    sampleSpan({ to: LEFT, planVersion, usage: [], fees: [held] }),
    sampleSpan({ from: LEFT, planVersion: FREE, usage: [] }),
  ];
}

function contentOf(changes: Partial<RatingInputs>): InvoiceContent {
  const result = rateInvoice(sampleInputs({ spans: spansOf(PLAN), ...changes }));
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content;
}

function amounts(changes: Partial<RatingInputs>): (readonly [string, string])[] {
  return contentOf(changes).lines.map(({ key, amountMinor }) => [key, amountMinor] as const);
}

describe('a fee by the year that is left', () => {
  const rest = `base:year:${OCTOBER}:rest`;

  test('is given back as far as the bill that charged it asked for it, and says so', () => {
    expect(contentOf({ feeBills: [HALF] }).lines).toMatchObject([
      {
        key: rest,
        amountMinor: '-16000',
        provenance: { billedInvoiceId: 'inv_a' },
        steps: [
          { amount: '-320' },
          {
            step: 'asked',
            sentence: '-320 × 0.5, which the bill that charged it asked for = -160',
            amount: '-160',
          },
        ],
      },
    ]);
  });

  test('is given back in full where no coupon lowered it, whatever coupon holds now', () => {
    const feeBills = [{ ...HALF, asked: { beforeMinor: '36600', afterMinor: '36600' } }];
    expect(amounts({ feeBills })).toEqual([[rest, '-32000']]);
    expect(amounts({ feeBills, oneOffs: [ONE_OFF], coupons: [COUPON] })).toEqual([
      [rest, '-32000'],
      ['one_off:one_a', '10000'],
      ['coupon:cpn_a', '-5000'],
    ]);
  });

  test('is not given back where the invoice that charged it does not stand', () => {
    expect(amounts({ feeBills: [{ ...HALF, invoiceId: null, asked: null }] })).toEqual([[rest, '0']]);
  });

  test('of inputs from before that was asked is given back as it was charged', () => {
    expect(amounts({ oneOffs: [{ ...ONE_OFF, amount: '400' }], coupons: [COUPON] })).toEqual([
      [rest, '-32000'],
      ['one_off:one_a', '40000'],
      ['coupon:cpn_a', '-4000'],
    ]);
  });

  test('asks for the bill on which its part began, and for none where nothing is given back', () => {
    expect(chargedBefore(sampleInputs({ spans: spansOf(PLAN) }))).toEqual([OCTOBER]);
    expect(chargedBefore(sampleInputs({ spans: spansOf(PLAN, { from: NOVEMBER }) }))).toEqual([]);
    expect(chargedBefore(sampleInputs({ spans: spansOf(PLAN, { to: YEAR.end }) }))).toEqual([]);
    const arrears = { ...PLAN, baseFeeDue: 'arrears' } as const;
    expect(chargedBefore(sampleInputs({ spans: spansOf(arrears) }))).toEqual([]);
    const endedPlans = [
      { planVersion: PLAN, fees: [{ every: 'year', period: YEAR, from: OCTOBER, to: NOVEMBER }] },
    ] as const;
    expect(chargedBefore(sampleInputs({ spans: [sampleSpan()], endedPlans }))).toEqual([OCTOBER]);
  });
});

const seats = (from: string, to: string, quantity: string): HeldQuantity => ({ key: 'seats', from, to, quantity });

describe('seats by the year', () => {
  const key = `quantity:seats:year:${OCTOBER}`;
  const MORE = '2023-11-06T00:00:00Z';
  const FEWER = '2023-11-11T00:00:00Z';

  test('that go within the plan are given back as far as they were asked for', () => {
    const quantities = [seats(OCTOBER, FEWER, '2'), seats(FEWER, '2023-12-01T00:00:00Z', '1')];
    const spans = [
      sampleSpan({
        planVersion: SEATED,
        usage: [],
        fees: [{ every: 'year', period: YEAR, from: OCTOBER, to: YEAR.end, quantities }],
      }),
    ];
    expect(chargedBefore(sampleInputs({ spans }))).toEqual([OCTOBER]);
    // 325 days are left of the year.
    expect(amounts({ spans, feeBills: [HALF] })).toEqual([[`${key}:change:${FEWER}`, '-16250']]);
    expect(amounts({ spans })).toEqual([[`${key}:change:${FEWER}`, '-32500']]);
  });

  test('that come and go on one bill are a matter of that bill and its coupons', () => {
    const quantities = [seats(OCTOBER, MORE, '2'), seats(MORE, FEWER, '3'), seats(FEWER, LEFT, '1')];
    const spans = spansOf(SEATED, { quantities });
    const changes = { spans, feeBills: [HALF], oneOffs: [ONE_OFF], coupons: [COUPON] };
    const full = { ...HALF, asked: { beforeMinor: '1', afterMinor: '1' } };
    // One more for 330 days; two fewer for 325, of which one came on this bill; the last one for 320 days.
    expect(amounts(changes)).toEqual([
      [`${key}:change:${MORE}`, '33000'],
      [`${key}:change:${FEWER}:own`, '-32500'],
      [`${key}:change:${FEWER}`, '-16250'],
      [`${key}:rest`, '-16000'],
      ['one_off:one_a', '10000'],
      ['coupon:cpn_a', '-5250'],
    ]);
    const asked = amounts({ ...changes, feeBills: [full] }).map(([, amount]) => amount);
    expect(asked).toEqual(['33000', '-32500', '-32500', '-32000', '10000', '-5250']);
  });

  test('that came on several bills are each given back at the share of theirs', () => {
    const december = { start: '2023-12-01T00:00:00Z', end: '2024-01-01T00:00:00Z' };
    const to = '2023-12-02T00:00:00Z';
    const quantities = [seats(OCTOBER, MORE, '1'), seats(MORE, to, '2')];
    const spans = [
      sampleSpan({
        from: december.start,
        to,
        planVersion: SEATED,
        usage: [],
        fees: [{ every: 'year', period: YEAR, from: OCTOBER, to, quantities }],
      }),
      sampleSpan({ from: to, to: december.end, planVersion: FREE, usage: [] }),
    ];
    const november: FeeBill = { start: NOVEMBER, end: december.start, invoiceId: 'inv_b', asked: null };
    const inputs = { period: december, feePeriod: december, spans };
    expect(chargedBefore(sampleInputs(inputs))).toEqual([OCTOBER, MORE]);
    // 304 days of both are left; the second one was never asked for.
    expect(amounts({ ...inputs, feeBills: [HALF, november] })).toEqual([[`${key}:rest`, '-15200']]);
  });
});

describe('a base fee of the next billing period', () => {
  const plan = samplePlan({ baseFee: '20', baseFeeDue: 'advance', charges: [] });
  const spans = [
    sampleSpan({ planVersion: plan, to: LEFT, usage: [] }),
    sampleSpan({ planVersion: FREE, from: LEFT, usage: [] }),
  ];
  const ahead = { invoiceId: 'inv_a', amountMinor: '2000' };
  const asked = { beforeMinor: '400', afterMinor: '100' };

  test('is given back as far as it was asked for, beside what is due of it', () => {
    const lines = contentOf({ spans, billedAhead: { ...ahead, asked }, oneOffs: [ONE_OFF], coupons: [COUPON] }).lines;
    expect(lines.map(({ key, amountMinor }) => [key, amountMinor])).toEqual([
      [`base:${NOVEMBER}`, '1000'],
      ['one_off:one_a', '10000'],
      ['billed:inv_a:base:advance', '-1000'],
      ['billed:inv_a:base:advance:rest', '-250'],
      ['coupon:cpn_a', '-5000'],
    ]);
  });

  test('of a plan that became dearer, or that stays, is taken off as it was billed', () => {
    const stays = [sampleSpan({ planVersion: plan, usage: [] })];
    expect(amounts({ spans: stays, billedAhead: { ...ahead, asked } })).toEqual([
      ['base', '2000'],
      ['billed:inv_a:base:advance', '-2000'],
    ]);
  });

  test('of which nothing is due any more is given back alone', () => {
    const gone = [sampleSpan({ planVersion: FREE, usage: [] })];
    expect(amounts({ spans: gone, billedAhead: { ...ahead, asked } })).toEqual([
      ['billed:inv_a:base:advance:rest', '-500'],
    ]);
  });
});

test.each([
  { beforeMinor: '0', afterMinor: '0' },
  { beforeMinor: '100', afterMinor: '101' },
  { beforeMinor: '1e2', afterMinor: '1' },
  { beforeMinor: '100', afterMinor: '-1' },
])('a share that nobody can have been asked for is a problem: %j', (asked) => {
  const problem = 'what invoice inv_a asked for of its fees is no share of what it charged';
  expect(rateInvoice(sampleInputs({ feeBills: [{ ...HALF, asked }] }))).toEqual({ problems: [problem] });
  const billedAhead = { invoiceId: 'inv_a', amountMinor: '1', asked };
  expect(rateInvoice(sampleInputs({ billedAhead }))).toEqual({ problems: [problem] });
});

const line = (kind: string, amountMinor: string, provenance: object = { charge: null }) => ({
  kind,
  amountMinor,
  provenance,
});
const asked = (...lines: object[]) => askedOfBill({ lines } as unknown as InvoiceContent);

describe('what a bill asked for', () => {
  test('is what coupons of the whole bill leave; those of a charge are its price, and what is given back has none', () => {
    const lines = [
      line('base_fee', '1000'),
      line('usage', '500', { charge: 'calls' }),
      line('coupon', '-500', { charge: 'calls' }),
      line('base_fee', '-700', { charge: null, billedInvoiceId: 'inv_a' }),
      line('coupon', '-250'),
    ];
    expect(asked(...lines)).toEqual({ beforeMinor: '1000', afterMinor: '750' });
  });

  test('of an earlier release, whose coupons were on what it gave back as well, is the share of all of its lines', () => {
    const content = contentOf({ oneOffs: [{ ...ONE_OFF, amount: '400' }], coupons: [COUPON] });
    expect(askedOfBill(content)).toEqual({ beforeMinor: '8000', afterMinor: '4000' });
  });

  test('is all of it where there was nothing to take off', () => {
    expect(asked(line('base_fee', '-5'))).toEqual({ beforeMinor: '1', afterMinor: '1' });
    expect(asked()).toEqual({ beforeMinor: '1', afterMinor: '1' });
  });
});
