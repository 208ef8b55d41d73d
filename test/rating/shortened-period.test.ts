import { expect, test } from 'vitest';

import type { PlanVersion } from '../../src/domain/plan.ts';
import type { RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import {
  sampleCharge,
  sampleInputs,
  sampleLate,
  sampleLateUsage,
  samplePlan,
  sampleSpan,
  sampleUsage,
} from './sample-inputs.ts';

/** A period from the 17th to the 1st, of a month of 31 days: 15 of them. */
const PERIOD = { start: '2023-12-17T00:00:00Z', end: '2024-01-01T00:00:00Z' };
const FEE_PERIOD = { start: '2023-12-01T00:00:00Z', end: PERIOD.end };

function plan(changes: Partial<PlanVersion>): PlanVersion {
  const requests = sampleCharge('requests', { model: 'per_unit', unitPrice: '1' }, '10');
  return samplePlan({ baseFee: '31.00', charges: [requests], ...changes });
}

function linesOf(planVersion: PlanVersion, used: string, changes: Partial<RatingInputs> = {}) {
  const span = { from: PERIOD.start, to: PERIOD.end, planVersion, usage: [sampleUsage('requests', used)] };
  const inputs = sampleInputs({ period: PERIOD, feePeriod: FEE_PERIOD, spans: [sampleSpan(span)], ...changes });
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content.lines.map(({ key, amountMinor }) => [key, amountMinor] as const);
}

test('a shortened period pays its part of the base fee, and has its included units whole', () => {
  expect(linesOf(plan({}), '12')).toEqual([
    ['base', '1500'],
    ['charge:requests', '200'],
  ]);
});

test('a minimum and a cap are those of its part', () => {
  // 15 of 31 days of 310 are 150, of 62 are 30.
  expect(linesOf(plan({ minimum: '310' }), '30')).toContainEqual(['plan:minimum', '13000']);
  expect(linesOf(plan({ maximum: '62' }), '50')).toContainEqual(['plan:maximum', '-1000']);
});

test('the bill before it bills its part of the base fee in advance', () => {
  const ahead = plan({ baseFeeDue: 'advance' });
  const month = { start: '2023-11-17T00:00:00Z', end: PERIOD.start };
  const before = sampleInputs({
    period: month,
    feePeriod: month,
    spans: [sampleSpan({ from: month.start, to: month.end, planVersion: ahead, usage: [] })],
    next: { ...PERIOD, feeStart: FEE_PERIOD.start, planVersion: ahead },
  });
  const result = rateInvoice(before);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  expect(result.content.lines.map(({ key, amountMinor }) => [key, amountMinor])).toEqual([
    ['base', '3100'],
    ['charge:requests', '0'],
    ['base:advance', '1500'],
  ]);
  // What was billed ahead is what is due: nothing is left of it on the bill of the shortened period.
  const billedAhead = { invoiceId: 'inv_a', amountMinor: '1500' };
  expect(linesOf(ahead, '0', { billedAhead })).toContainEqual(['billed:inv_a:base:advance', '-1500']);
});

test('one that the end of the tenant cuts as well is billed ahead for what is left', () => {
  const ahead = plan({ baseFeeDue: 'advance' });
  const next = {
    start: PERIOD.start,
    end: '2023-12-20T00:00:00Z',
    feeStart: FEE_PERIOD.start,
    feeEnd: FEE_PERIOD.end,
    planVersion: ahead,
  };
  expect(linesOf(ahead, '0', { next })).toContainEqual(['base:advance', '300']);
});

/** Lines of the bill after it, for usage of it that came late. */
function lateAmounts(changes: Partial<PlanVersion>, before: string, after: string): string[] {
  const planVersion = plan({ baseFee: '0', ...changes });
  const one = sampleLate({
    usagePeriodStart: PERIOD.start,
    usagePeriodEnd: PERIOD.end,
    feePeriod: FEE_PERIOD,
    planVersion,
    usage: [sampleLateUsage('requests', before, after)],
  });
  const month = { start: PERIOD.end, end: '2024-02-01T00:00:00Z' };
  const spans = [
    sampleSpan({ from: month.start, to: month.end, planVersion: plan({ baseFee: '0', charges: [] }), usage: [] }),
  ];
  const result = rateInvoice(sampleInputs({ period: month, feePeriod: month, spans, late: [one] }));
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content.lines.map(({ amountMinor }) => amountMinor);
}

test('usage that comes late to it meets the bounds of its part', () => {
  // 20 of a cap of 30 were billed: of 20 more, 10 are.
  expect(lateAmounts({ maximum: '62' }, '30', '50')).toEqual(['2000', '-1000']);
  // A minimum of 150 was billed for 20: 40 more are in it.
  expect(lateAmounts({ minimum: '310' }, '30', '70')).toEqual(['4000', '-4000']);
  // Of a charge's own minimum, 150 were due; with 200 it is no more than they are.
  const charges = [{ ...sampleCharge('requests', { model: 'per_unit', unitPrice: '1' }), minimum: '310' }];
  expect(lateAmounts({ charges }, '30', '200')).toEqual(['5000']);
});
