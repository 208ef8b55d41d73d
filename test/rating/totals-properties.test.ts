import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { decimal, decimalText } from '../../src/domain/decimal.ts';
import type { InvoiceContent } from '../../src/domain/invoice.ts';
import type { Discount } from '../../src/domain/plan.ts';
import type { AppliedCoupon, CreditGrant, OneOffCharge, RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { RATING_RUNS } from './generated-charges.ts';
import { sampleCharge, sampleInputs, samplePlan, sampleSpan, sampleUsage } from './sample-inputs.ts';

/** Amounts with up to four digits behind the point, up to 1,000. */
const amounts = fc.bigInt({ min: 0n, max: 10_000_000n }).map((parts) => {
  return decimalText(decimal(parts).times(decimal('0.0001')));
});
const percents = fc.integer({ min: 0, max: 10_000 }).map((parts) => {
  return decimalText(decimal(BigInt(parts)).times(decimal('0.01')));
});
const discounts: fc.Arbitrary<Discount> = fc.oneof(
  percents.map((percent) => ({ percent })),
  amounts.map((amount) => ({ amount })),
);
const coupons: fc.Arbitrary<readonly AppliedCoupon[]> = fc
  .array(fc.tuple(discounts, fc.boolean()), { maxLength: 4 })
  .map((list) =>
    list.map(([discount, isOfCharge], index) => ({
      id: `c${index}`,
      description: `coupon ${index}`,
      discount,
      ...(isOfCharge ? { charge: 'requests' } : {}),
    })),
  );
const oneOffs: fc.Arbitrary<readonly OneOffCharge[]> = fc
  .array(amounts, { maxLength: 3 })
  .map((list) =>
    list.map((amount, index) => ({ id: `o${index}`, description: 'once', amount, at: '2023-11-05T00:00:00Z' })),
  );
const EXPIRIES = [null, '2023-11-15T00:00:00Z', '2023-12-01T00:00:00Z', '2024-01-01T00:00:00Z'] as const;
const grants: fc.Arbitrary<readonly CreditGrant[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('granted' as const, 'carried' as const),
      priority: fc.integer({ min: -2, max: 2 }),
      expiresAt: fc.constantFrom(...EXPIRIES),
      grantedAt: fc.constantFrom('2023-09-01T00:00:00Z', '2023-10-01T00:00:00Z'),
      balance: fc.bigInt({ min: 0n, max: 60_000n }),
    }),
    { maxLength: 5 },
  )
  .map((list) =>
    list.map(({ balance, ...grant }, index) => ({
      ...grant,
      id: `g${index}`,
      description: `credit ${index}`,
      balanceMinor: balance.toString(),
    })),
  );

const bills: fc.Arbitrary<RatingInputs> = fc
  .record({
    baseFee: amounts,
    quantity: amounts,
    bounds: fc.record({ minimum: amounts, maximum: amounts }, { requiredKeys: [] }),
    overageFactor: fc.constantFrom(undefined, '0.5', '1', '2'),
    coupons,
    oneOffs,
    grants,
    rates: fc.array(percents, { maxLength: 3 }),
    isIncluded: fc.boolean(),
    billed: fc.bigInt({ min: 0n, max: 300_000n }),
    currency: fc.constantFrom('USD', 'JPY', 'KWD'),
  })
  .map(({ baseFee, quantity, bounds, overageFactor, rates, isIncluded, billed, currency, ...around }) => {
    const { minimum, maximum } = bounds;
    const isSane = minimum === undefined || maximum === undefined || decimal(minimum).lte(decimal(maximum));
    const planVersion = samplePlan({
      currency,
      baseFee,
      charges: [sampleCharge('requests', { model: 'per_unit', unitPrice: '1' })],
      ...(isSane ? bounds : {}),
      ...(overageFactor === undefined ? {} : { commitment: { amount: '200', overageFactor, trueUp: true } }),
    });
    const taxRates = rates.map((percent, index) => ({ name: `tax ${index}`, percent }));
    return sampleInputs({
      ...around,
      spans: [sampleSpan({ planVersion, usage: [sampleUsage('requests', quantity)] })],
      tenant: { ...sampleInputs().tenant, currency, taxRates, ...(isIncluded ? { taxesIncluded: true } : {}) },
      earlier:
        billed === 0n ? [] : [{ invoiceId: 'inv_a', amounts: [{ key: 'base', amountMinor: billed.toString() }] }],
    });
  });

function contentOf(inputs: RatingInputs): InvoiceContent {
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content;
}

const RUNS = { numRuns: RATING_RUNS };

const sum = (list: readonly { readonly amountMinor: string }[]): bigint =>
  list.reduce((total, { amountMinor }) => total + BigInt(amountMinor), 0n);

test('what is due is lines and taxes less credits, never negative; what is negative is carried, and nothing is lost', () => {
  fc.assert(
    fc.property(bills, (inputs) => {
      const { lines, taxLines, creditLines = [], ...content } = contentOf(inputs);
      const added = inputs.tenant.taxesIncluded === true ? 0n : sum(taxLines);
      const total = BigInt(content.totalMinor);
      const [due, carried] = [BigInt(content.dueMinor ?? -1), BigInt(content.carriedMinor ?? -1)];
      expect(total).toBe(sum(lines) + added);
      expect(due - carried).toBe(total - sum(creditLines));
      expect(due >= 0n && carried >= 0n && (due === 0n || carried === 0n)).toBe(true);
      expect(total < 0n ? creditLines.length : 0).toBe(0);
    }),
    RUNS,
  );
});

test('a credit is drawn up to its balance, none that is expired, and one after the other', () => {
  fc.assert(
    fc.property(bills, (inputs) => {
      const { creditLines = [], dueMinor } = contentOf(inputs);
      const balances = new Map(inputs.grants?.map(({ id, balanceMinor }) => [id, BigInt(balanceMinor)]));
      const expired = new Set(inputs.grants?.filter(({ expiresAt }) => expiresAt === EXPIRIES[1]).map(({ id }) => id));
      for (const [index, { grant, amountMinor }] of creditLines.entries()) {
        expect(expired.has(grant)).toBe(false);
        const isLast = index === creditLines.length - 1;
        if (isLast) expect(BigInt(amountMinor) <= (balances.get(grant) ?? 0n)).toBe(true);
        else expect(BigInt(amountMinor)).toBe(balances.get(grant));
      }
      const usable = [...balances].filter(([id]) => !expired.has(id));
      const left = usable.reduce((total, [, balance]) => total + balance, 0n) - sum(creditLines);
      expect(dueMinor === '0' || left === 0n).toBe(true);
    }),
    RUNS,
  );
});

test('the order in which credits are given to rating does not matter', () => {
  fc.assert(
    fc.property(bills, (inputs) => {
      const reversed = contentOf({ ...inputs, grants: (inputs.grants ?? []).toReversed() });
      expect(reversed).toEqual(contentOf(inputs));
    }),
    RUNS,
  );
});

test('coupons take nothing off a negative bill, and never lead below zero', () => {
  fc.assert(
    fc.property(bills, (inputs) => {
      const { lines } = contentOf(inputs);
      const taken = sum(lines.filter(({ kind }) => kind === 'coupon'));
      const before = sum(lines) - taken;
      expect(taken <= 0n).toBe(true);
      expect(before <= 0n ? taken === 0n : before + taken >= 0n).toBe(true);
    }),
    RUNS,
  );
});

test('taxes that amounts contain leave what they are on, to the last minor unit', () => {
  fc.assert(
    fc.property(bills, (inputs) => {
      const { taxLines, subtotalMinor } = contentOf(inputs);
      if (taxLines[0]?.included !== true) return;
      expect(BigInt(taxLines[0].taxableMinor) + sum(taxLines)).toBe(BigInt(subtotalMinor));
    }),
    RUNS,
  );
});
