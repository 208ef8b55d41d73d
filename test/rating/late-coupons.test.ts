import { expect, test } from 'vitest';

import type { Discount } from '../../src/domain/plan.ts';
import { stepsSentence } from '../../src/domain/steps-sentence.ts';
import type { AppliedCoupon, LateUsage, RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleCharge, sampleInputs, sampleLate, sampleLateUsage, samplePlan, sampleSpan } from './sample-inputs.ts';

const OCTOBER = '2023-10-01T00:00:00Z';
const REQUESTS = sampleCharge('requests', { model: 'per_unit', unitPrice: '1' });
const PLAN = samplePlan({ baseFee: '0', charges: [REQUESTS] });

function coupon(id: string, discount: Discount, charge?: string): AppliedCoupon {
  return { id, description: id, discount, ...(charge === undefined ? {} : { charge }) };
}

/** A bill of nothing but the late usage of October, which had these coupons. */
function lateInputs(
  [before, after]: readonly [string, string],
  coupons: readonly AppliedCoupon[],
  changes: Partial<LateUsage> = {},
): RatingInputs {
  const usage = [sampleLateUsage('requests', before, after)];
  const spans = [sampleSpan({ planVersion: samplePlan({ baseFee: '0', charges: [] }), usage: [] })];
  return sampleInputs({ spans, late: [sampleLate({ planVersion: PLAN, usage, coupons, ...changes })] });
}

function linesOf(inputs: RatingInputs) {
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content.lines;
}

const shown = (inputs: RatingInputs): string[] =>
  linesOf(inputs).map(({ key, amountMinor }) => `${key} ${amountMinor}`);

const LATE = `late:${OCTOBER}:requests`;
const TENTH = coupon('tenth', { percent: '10' }, 'requests');

test('a coupon of a charge is on the usage of the period alone: not on late usage, nor on seats of the same key', () => {
  const fixedQuantities = [
    { key: 'requests', description: 'Seats', unit: 'seat', price: { model: 'per_unit', unitPrice: '7' } } as const,
  ];
  const { from, to } = sampleSpan();
  const quantities = [{ key: 'requests', from, to, quantity: '1' }];
  const usage = [{ charge: 'requests', quantity: '20', eventCount: '1', ledgerRange: null }];
  const spans = [sampleSpan({ planVersion: { ...PLAN, fixedQuantities }, quantities, usage })];
  const late = [sampleLate({ planVersion: PLAN, usage: [sampleLateUsage('requests', '10', '40')] })];
  expect(shown(sampleInputs({ spans, late, coupons: [TENTH] }))).toEqual([
    'quantity:requests 700',
    'charge:requests 2000',
    `${LATE} 3000`,
    'coupon:tenth -200',
  ]);
});

test('late usage has the coupons of its own period, as much as they take off more with it', () => {
  const inputs = lateInputs(['10', '40'], [TENTH]);
  expect(shown(inputs)).toEqual([`${LATE} 3000`, `late:${OCTOBER}:coupon:tenth -300`]);
  const [, line] = linesOf(inputs);
  expect(line?.provenance).toMatchObject({
    charge: 'requests',
    coupon: 'tenth',
    usagePeriodStart: OCTOBER,
    accountingPeriodStart: '2023-11-01T00:00:00Z',
    billedInvoiceId: 'inv_aaaaaaaaaaaaaaaaaaaaaaaaaa',
  });
  expect(stepsSentence(line?.steps ?? [])).toBe('the coupon of that period takes off 4 with late usage, 1 without it');
});

test('a fixed amount is taken off once: what the bill of the period had left of it, and no more', () => {
  const five = coupon('five', { amount: '5' }, 'requests');
  expect(shown(lateInputs(['3', '10'], [five]))).toEqual([`${LATE} 700`, `late:${OCTOBER}:coupon:five -200`]);
  expect(shown(lateInputs(['7', '17'], [five]))).toEqual([`${LATE} 1000`]);
});

test('several coupons follow each other as they did on the bill of the period', () => {
  const five = coupon('five', { amount: '5' }, 'requests');
  // 10 % of 4 are 0.40, 3.60 of the five are taken; of 10: 1 and 5.
  expect(shown(lateInputs(['4', '10'], [TENTH, five]))).toEqual([
    `${LATE} 600`,
    `late:${OCTOBER}:coupon:tenth -60`,
    `late:${OCTOBER}:coupon:five -140`,
  ]);
});

test('late usage that lowers the price lowers the discount', () => {
  expect(shown(lateInputs(['40', '10'], [TENTH]))).toEqual([`${LATE} -3000`, `late:${OCTOBER}:coupon:tenth 300`]);
});

test('coupons of another charge, and of a trial, take nothing off', () => {
  expect(shown(lateInputs(['10', '40'], [coupon('other', { percent: '10' }, 'tokens')]))).toEqual([`${LATE} 3000`]);
  expect(shown(lateInputs(['10', '40'], [TENTH], { trial: true }))).toEqual([`${LATE} 0`]);
});

test('a coupon of the whole invoice is on what is left with late usage and its coupons', () => {
  const inputs = { ...lateInputs(['10', '40'], [TENTH]), coupons: [coupon('half', { percent: '50' })] };
  expect(shown(inputs).at(-1)).toBe('coupon:half -1350');
});

test('late coupons that cannot be read, or are given twice, hold the bill', () => {
  const result = rateInvoice(lateInputs(['10', '40'], [TENTH, coupon('tenth', { percent: '101' }, 'requests')]));
  expect('problems' in result ? result.problems : []).toEqual([
    expect.stringContaining('coupon tenth'),
    'late coupon tenth is given twice',
  ]);
});
