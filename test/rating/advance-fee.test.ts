import { expect, test } from 'vitest';

import type { RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleCharge, sampleInputs, samplePlan, sampleSpan } from './sample-inputs.ts';

const PLAN = samplePlan({ baseFee: '20', baseFeeDue: 'advance', charges: [] });
const NEXT = { start: '2023-12-01T00:00:00Z', end: '2024-01-01T00:00:00Z', planVersion: PLAN };
const AHEAD = { invoiceId: 'inv_a', amountMinor: '2000' };

function linesOf(changes: Partial<RatingInputs>): (readonly [string, string])[] {
  const spans = [sampleSpan({ planVersion: PLAN, usage: [] })];
  const result = rateInvoice(sampleInputs({ spans, ...changes }));
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content.lines.map(({ key, amountMinor }) => [key, amountMinor] as const);
}

test('the first bill has the fee of its own period and that of the next one', () => {
  expect(linesOf({ next: NEXT })).toEqual([
    ['base', '2000'],
    ['base:advance', '2000'],
  ]);
});

test('a plan without a fee has no line ahead', () => {
  expect(linesOf({ next: { ...NEXT, planVersion: { ...PLAN, baseFee: '0' } } })).toEqual([['base', '2000']]);
});

test('a later bill takes off what was billed ahead; the last one has no fee left', () => {
  expect(linesOf({ next: NEXT, billedAhead: AHEAD })).toEqual([
    ['base', '2000'],
    ['billed:inv_a:base:advance', '-2000'],
    ['base:advance', '2000'],
  ]);
  expect(linesOf({ billedAhead: AHEAD })).toEqual([
    ['base', '2000'],
    ['billed:inv_a:base:advance', '-2000'],
  ]);
});

test('a plan that changed in a period that was billed ahead costs what it did cost, to the second', () => {
  const dearer = { ...PLAN, version: 2, baseFee: '50' };
  const spans = [
    sampleSpan({ planVersion: PLAN, to: '2023-11-16T00:00:00Z', usage: [] }),
    sampleSpan({ planVersion: dearer, from: '2023-11-16T00:00:00Z', usage: [] }),
  ];
  expect(linesOf({ spans, billedAhead: AHEAD, next: { ...NEXT, planVersion: dearer } })).toEqual([
    ['base:2023-11-01T00:00:00Z', '1000'],
    ['base:2023-11-16T00:00:00Z', '2500'],
    ['billed:inv_a:base:advance', '-2000'],
    ['base:advance', '5000'],
  ]);
});

test('of what was billed ahead only the base fee of the period is due, and the rest is given back as it was asked for', () => {
  const charges = [{ ...sampleCharge('requests', { model: 'per_unit', unitPrice: '1' }), minimum: '60' }];
  const charged = { ...PLAN, charges };
  const spans = [
    sampleSpan({ planVersion: charged, to: '2023-11-16T00:00:00Z', usage: [] }),
    sampleSpan({ planVersion: { ...PLAN, key: 'free', baseFee: '0' }, from: '2023-11-16T00:00:00Z', usage: [] }),
  ];
  const billedAhead = { ...AHEAD, asked: { beforeMinor: '2000', afterMinor: '1000' } };
  expect(linesOf({ spans, billedAhead }).filter(([, amountMinor]) => amountMinor !== '0')).toEqual([
    ['base:2023-11-01T00:00:00Z', '1000'],
    ['charge:requests:2023-11-01T00:00:00Z:minimum', '3000'],
    ['billed:inv_a:base:advance', '-1000'],
    ['billed:inv_a:base:advance:rest', '-500'],
  ]);
});

test('a plan in arrears bills nothing ahead', () => {
  const { baseFeeDue: _left, ...arrears } = PLAN;
  expect(linesOf({ next: { ...NEXT, planVersion: arrears } })).toEqual([['base', '2000']]);
});

test('a next plan in another currency is a problem', () => {
  const result = rateInvoice(sampleInputs({ next: { ...NEXT, planVersion: { ...PLAN, currency: 'EUR' } } }));
  expect(result).toEqual({ problems: ['plan trace version 1 is priced in EUR, the tenant is billed in USD'] });
});

test('a next period that the end of the tenant cuts is billed ahead for its part alone', () => {
  const cut = { ...NEXT, end: '2023-12-16T12:00:00Z', feeEnd: NEXT.end };
  expect(linesOf({ next: cut })).toEqual([
    ['base', '2000'],
    ['base:advance', '1000'],
  ]);
});
