import { expect, test } from 'vitest';

import type { InvoiceContent } from '../../src/domain/invoice.ts';
import type { PlanVersion } from '../../src/domain/plan.ts';
import type { AppliedCoupon, CreditGrant, RatingInputs } from '../../src/rating/inputs.ts';
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

/** A bill of so many requests at 1.00 each, on the plan given, without tax. */
function billOf(
  requests: string,
  plan: Partial<PlanVersion> = {},
  changes: Partial<RatingInputs> = {},
): InvoiceContent {
  const planVersion = samplePlan({
    baseFee: '0',
    charges: [sampleCharge('requests', { model: 'per_unit', unitPrice: '1' })],
    ...plan,
  });
  const untaxed = { ...sampleInputs().tenant, taxRates: [] };
  const spans = [sampleSpan({ planVersion, usage: [sampleUsage('requests', requests)] })];
  return contentOf(sampleInputs({ tenant: untaxed, spans, ...changes }));
}

function contentOf(inputs: RatingInputs): InvoiceContent {
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content;
}

const amounts = ({ lines }: InvoiceContent): (readonly [string, string])[] =>
  lines.map(({ key, amountMinor }) => [key, amountMinor] as const);

function coupon(id: string, discount: AppliedCoupon['discount'], charge?: string): AppliedCoupon {
  return { id, description: id, discount, ...(charge === undefined ? {} : { charge }) };
}

function grant(id: string, balanceMinor: string, changes: Partial<CreditGrant> = {}): CreditGrant {
  return {
    id,
    description: id,
    kind: 'granted',
    priority: 0,
    expiresAt: null,
    grantedAt: '2023-10-01T00:00:00Z',
    balanceMinor,
    ...changes,
  };
}

test.each([
  ['a monthly cap gives back what goes beyond it', '600', { maximum: '500' }, ['plan:maximum', '-10000'], '50000'],
  ['a minimum charges what is missing', '40', { minimum: '100' }, ['plan:minimum', '6000'], '10000'],
  [
    'a commitment is made up for',
    '80',
    { commitment: { amount: '100', overageFactor: '1', trueUp: true } },
    ['plan:commitment', '2000'],
    '10000',
  ],
  [
    'what goes beyond a commitment is dearer',
    '120',
    { commitment: { amount: '100', overageFactor: '1.5', trueUp: true } },
    ['plan:commitment', '1000'],
    '13000',
  ],
] as const)('%s, by a line of its own', (_name, requests, plan, line, total) => {
  const content = billOf(requests, plan);
  expect(amounts(content)).toEqual([['charge:requests', `${requests}00`], line]);
  expect(content.totalMinor).toBe(total);
});

test('the base fee stands beside the bounds of a plan, unless the plan says that they cover it', () => {
  expect(billOf('600', { baseFee: '20', maximum: '500' }).totalMinor).toBe('52000');
  expect(billOf('600', { baseFee: '20', maximum: '500', boundsCover: 'charges_and_base_fee' }).totalMinor).toBe(
    '50000',
  );
  expect(billOf('600', { baseFee: '20', maximum: '500' }).lines.at(-1)?.steps[0]?.sentence).toBe(
    '100 beyond the maximum of 500 are not charged',
  );
});

test('a plan that held for a part of the period asks for its share of it, in all of its spans together', () => {
  const planVersion = samplePlan({
    baseFee: '0',
    maximum: '300',
    charges: [sampleCharge('requests', { model: 'per_unit', unitPrice: '1' })],
  });
  const other = { ...planVersion, version: 2, maximum: '30' };
  const spans = [
    sampleSpan({ planVersion, to: '2023-11-11T00:00:00Z', usage: [sampleUsage('requests', '250')] }),
    sampleSpan({
      planVersion: other,
      from: '2023-11-11T00:00:00Z',
      to: '2023-11-21T00:00:00Z',
      usage: [sampleUsage('requests', '9')],
    }),
    sampleSpan({ planVersion, from: '2023-11-21T00:00:00Z', usage: [sampleUsage('requests', '10')] }),
  ];
  const content = contentOf(sampleInputs({ spans, tenant: { ...sampleInputs().tenant, taxRates: [] } }));
  expect(content.lines.at(-1)).toMatchObject({ key: 'plan:trace.1:maximum', amountMinor: '-6000' });
  expect(content.lines.at(-1)?.steps[0]?.sentence).toBe(
    '60 beyond the maximum of 300 × 2/3 of the period are not charged',
  );
  expect(content.totalMinor).toBe('20900');
});

test('usage that came late is no part of the bounds of the open period', () => {
  const planVersion = samplePlan({
    baseFee: '0',
    maximum: '500',
    charges: [sampleCharge('requests', { model: 'per_unit', unitPrice: '1' })],
  });
  const late = [sampleLate({ planVersion, usage: [sampleLateUsage('requests', '10', '20')] })];
  expect(billOf('500', { maximum: '500' }, { late }).totalMinor).toBe('51000');
});

test('only the last bill of a period makes up for what is missing', () => {
  const plan = { minimum: '100', commitment: { amount: '90', overageFactor: '1', trueUp: true } };
  expect(billOf('40', plan, { isLast: false }).totalMinor).toBe('4000');
  const earlier = [{ invoiceId: 'inv_a', amounts: [{ key: 'charge:requests', amountMinor: '4000' }] }];
  expect(billOf('50', plan, { earlier }).totalMinor).toBe('6000');
});

test.each([
  ['in sequence, each on what the one before left', '100', [['10'], ['10']], ['-1000', '-900']],
  ['a line for a rest of zero is left out', '50', [['100'], ['10']], ['-5000']],
] as const)('coupons in percent: %s', (_name, requests, percents, expected) => {
  const coupons = percents.map(([percent], index) => coupon(`c${index}`, { percent }));
  const lines = billOf(requests, {}, { coupons }).lines.filter(({ kind }) => kind === 'coupon');
  expect(lines.map(({ amountMinor }) => amountMinor)).toEqual(expected);
});

test('fixed coupons are taken off in sequence and never lead below zero', () => {
  const coupons = [coupon('a', { amount: '50' }), coupon('b', { amount: '30' }), coupon('c', { amount: '30' })];
  const content = billOf('100', {}, { coupons });
  expect(amounts(content).slice(1)).toEqual([
    ['coupon:a', '-5000'],
    ['coupon:b', '-3000'],
    ['coupon:c', '-2000'],
  ]);
  expect(content.totalMinor).toBe('0');
});

test('a chain of coupons is rounded as a whole: no cent is made or lost between its lines', () => {
  const coupons = [coupon('a', { percent: '50' }), coupon('b', { percent: '50' }), coupon('c', { percent: '50' })];
  const content = billOf('0.05', {}, { coupons });
  expect(amounts(content).slice(1)).toEqual([
    ['coupon:a', '-2'],
    ['coupon:b', '-2'],
  ]);
});

test('a coupon of a charge comes first, and leaves the other charges and fees alone', () => {
  const coupons = [coupon('all', { percent: '10' }), coupon('requests', { percent: '50' }, 'requests')];
  const content = billOf('100', { baseFee: '20' }, { coupons });
  expect(amounts(content).slice(2)).toEqual([
    ['coupon:requests', '-5000'],
    ['coupon:all', '-700'],
  ]);
  expect(content.lines[2]).toMatchObject({ provenance: { charge: 'requests', coupon: 'requests' } });
  const unknown = billOf('100', {}, { coupons: [coupon('gone', { percent: '50' }, 'no_such_charge')] });
  expect(unknown.totalMinor).toBe('10000');
});

test('a second coupon of a charge is on what the first one left of it, also where the invoice has more', () => {
  const coupons = [coupon('a', { amount: '60' }, 'requests'), coupon('b', { amount: '60' }, 'requests')];
  expect(amounts(billOf('100', { baseFee: '200' }, { coupons })).slice(2)).toEqual([
    ['coupon:a', '-6000'],
    ['coupon:b', '-4000'],
  ]);
});

test('the step of a line says what it takes off, as the line does', () => {
  const capped = billOf('600', { maximum: '500' }).lines.at(-1);
  expect(capped).toMatchObject({ kind: 'maximum', exactAmount: '-100', steps: [{ amount: '-100' }] });
});

test('a charge made once is a line, before coupons and tax', () => {
  const oneOffs = [{ id: 'one_a', description: 'Setup', amount: '99.5', at: '2023-11-05T00:00:00Z' }];
  const content = billOf('1', {}, { oneOffs, coupons: [coupon('half', { percent: '50' })] });
  expect(amounts(content)).toEqual([
    ['charge:requests', '100'],
    ['one_off:one_a', '9950'],
    ['coupon:half', '-5025'],
  ]);
  expect(content.lines[1]).toMatchObject({ description: 'Setup', provenance: { oneOff: 'one_a' } });
});

test.each([
  ['100', ['20'], '10', '0', '8.25', { taxMinor: '660', dueMinor: '7660' }],
  ['200', ['50', '30'], '40', '0', '10', { taxMinor: '1200', totalMinor: '13200', dueMinor: '9200' }],
] as const)(
  'credits pay, but do not lower what is taxed: %s less %j, %s of credit',
  (quantity, off, credit, _none, percent, expected) => {
    const tenant = { ...sampleInputs().tenant, taxRates: [{ name: 'VAT', percent }] };
    const coupons = off.map((amount, index) => coupon(`c${index}`, { amount }));
    const content = billOf(quantity, {}, { tenant, coupons, grants: [grant('g', `${credit}00`)] });
    expect(content).toMatchObject({ ...expected, carriedMinor: '0' });
  },
);

test('credits are drawn in order: carried first, then by priority, then what expires first, then the oldest', () => {
  const grants = [
    grant('later', '100', { priority: 1 }),
    grant('newer', '100', { grantedAt: '2023-11-02T00:00:00Z' }),
    grant('expired', '100', { expiresAt: '2023-11-30T23:59:59Z' }),
    grant('older', '100'),
    grant('empty', '0', { kind: 'carried' }),
    grant('soon', '100', { expiresAt: '2023-12-01T00:00:00Z' }),
    grant('carried', '100', { kind: 'carried', priority: 9 }),
  ];
  const drawn = (requests: string) =>
    billOf(requests, {}, { grants }).creditLines?.map((line) => [line.grant, line.amountMinor]);
  expect(drawn('10')).toEqual(['carried', 'soon', 'older', 'newer', 'later'].map((id) => [id, '100']));
  expect(drawn('1.5')).toEqual([
    ['carried', '100'],
    ['soon', '50'],
  ]);
  expect(drawn('0')).toEqual([]);
});

test('credits never pay more than is due, and a negative total is carried instead of drawing any', () => {
  const grants = [grant('g', '100000')];
  expect(billOf('1', {}, { grants })).toMatchObject({ totalMinor: '100', dueMinor: '0', carriedMinor: '0' });
  const earlier = [{ invoiceId: 'inv_a', amounts: [{ key: 'charge:requests', amountMinor: '2500' }] }];
  const content = billOf('1', {}, { grants, earlier });
  expect(content).toMatchObject({ totalMinor: '-2400', dueMinor: '0', carriedMinor: '2400', creditLines: [] });
});

test.each([
  ['119', [['VAT', '19']], '10000', ['1900']],
  ['100', [['VAT', '19']], '8403', ['1597']],
  [
    '115',
    [
      ['A', '10'],
      ['B', '5'],
    ],
    '10000',
    ['1000', '500'],
  ],
  [
    '0.01',
    [
      ['A', '50'],
      ['B', '50'],
    ],
    '1',
    ['0', '0'],
  ],
] as const)(
  'included taxes are taken out of %s, and nothing is added to the total',
  (quantity, rates, taxable, taxes) => {
    const taxRates = rates.map(([name, percent]) => ({ name, percent }));
    const tenant = { ...sampleInputs().tenant, taxRates, taxesIncluded: true as const };
    const content = billOf(quantity, {}, { tenant });
    expect(content.totalMinor).toBe(content.subtotalMinor);
    expect(content.taxLines.map(({ amountMinor }) => amountMinor)).toEqual(taxes);
    expect(content.taxLines[0]).toMatchObject({ taxableMinor: taxable, included: true });
  },
);

test('an exempt tenant has the text in place of the taxes', () => {
  const tenant = { ...sampleInputs().tenant, taxExemption: 'Reverse charge, article 196' };
  const content = billOf('100', {}, { tenant });
  expect(content).toMatchObject({
    taxLines: [],
    taxMinor: '0',
    totalMinor: '10000',
    taxExemption: 'Reverse charge, article 196',
  });
  expect(billOf('100')).not.toHaveProperty('taxExemption');
});

test('what cannot be read around a price is a problem, never a part of a bill', () => {
  const result = rateInvoice(
    sampleInputs({
      oneOffs: [{ id: 'one_a', description: 'Setup', amount: '1e3', at: '2023-11-05T00:00:00Z' }],
      coupons: [coupon('c', { percent: '101' }), coupon('c', { amount: '-1' })],
      grants: [grant('g', '1.5'), grant('h', '1', { expiresAt: 'soon' })],
    }),
  );
  expect(result).toEqual({
    problems: [
      'the amount of one-off charge one_a cannot be read: "1e3"',
      'coupon c, percent: 101 % is more than the whole: at most 100 is possible',
      'coupon c, amount: -1 is negative: prices, fees and quantities are 0 or more',
      'the amount of credit g cannot be read: "1.5"',
      'credit h is granted or expires at no instant: 2023-10-01T00:00:00Z, soon',
      'coupon c is given twice',
    ],
  });
});
