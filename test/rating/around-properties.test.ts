import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { canonicalJson } from '../../src/domain/canonical.ts';
import type { InvoiceContent } from '../../src/domain/invoice.ts';
import type { CreditGrant, RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { exact } from '../../src/rating/exact.ts';
import { roundToMinor } from '../../src/rating/rounding.ts';
import { amounts, decimals, RATING_RUNS } from './generated-charges.ts';
import { anyInputs, generatedCoupons } from './generated-bills.ts';
import { eventsByMeter, generatedPlans, inputsWith, spansOf } from './generated-inputs.ts';

/** Laws of what stands around prices: bounds of plans, charges made once, coupons, taxes and credits. */

const RUNS = { numRuns: RATING_RUNS };

const grants: fc.Arbitrary<readonly CreditGrant[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('granted' as const, 'carried' as const),
      priority: fc.integer({ min: 0, max: 2 }),
      expiresAt: fc.constantFrom(null, '2023-11-20T00:00:00Z', '2024-06-01T00:00:00Z'),
      grantedAt: fc.constantFrom('2023-01-01T00:00:00Z', '2023-02-01T00:00:00Z'),
      balanceMinor: fc.integer({ min: 1, max: 100_000 }).map(String),
    }),
    { maxLength: 4 },
  )
  .map((list) => list.map((grant, index) => ({ ...grant, id: `grant_${index}`, description: 'Credit' })));

const surrounded: fc.Arbitrary<RatingInputs> = fc
  .record({
    inputs: anyInputs,
    coupons: generatedCoupons,
    grants,
    oneOffs: fc.array(amounts, { maxLength: 2 }),
    taxesIncluded: fc.boolean(),
  })
  .map(({ inputs, taxesIncluded, oneOffs, ...around }) => ({
    ...inputs,
    ...around,
    oneOffs: oneOffs.map((amount, index) => {
      return { id: `one_${index}`, description: 'Set-up', amount, at: '2023-11-02T00:00:00Z' };
    }),
    tenant: { ...inputs.tenant, ...(taxesIncluded ? { taxesIncluded } : {}) },
  }));

function contentOf(inputs: RatingInputs): InvoiceContent {
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content;
}

const sum = (lines: readonly { readonly amountMinor: string }[]): bigint =>
  lines.reduce((total, { amountMinor }) => total + BigInt(amountMinor), 0n);

test('what is due is the lines, the taxes that they do not contain, and what no credit pays', () => {
  fc.assert(
    fc.property(surrounded, (inputs) => {
      const { lines, taxLines, creditLines = [], ...content } = contentOf(inputs);
      const total = sum(lines) + (inputs.tenant.taxesIncluded === true ? 0n : sum(taxLines));
      expect(BigInt(content.totalMinor)).toBe(total);
      const [due, carried] = [BigInt(content.dueMinor ?? '0'), BigInt(content.carriedMinor ?? '0')];
      expect(due - carried).toBe(total - sum(creditLines));
      expect(due >= 0n && carried >= 0n && (due === 0n || carried === 0n)).toBe(true);
    }),
    RUNS,
  );
});

test('credits pay what is due and no more, none beyond its balance, and in whatever order they are given', () => {
  fc.assert(
    fc.property(surrounded, (inputs) => {
      const content = contentOf(inputs);
      const { creditLines = [] } = content;
      const total = BigInt(content.totalMinor);
      const drawn = sum(creditLines);
      expect(drawn <= (total > 0n ? total : 0n)).toBe(true);
      const balances = (inputs.grants ?? []).map(({ balanceMinor }) => ({ amountMinor: balanceMinor }));
      expect(drawn <= sum(balances)).toBe(true);
      expect(creditLines.every(({ amountMinor }) => BigInt(amountMinor) > 0n)).toBe(true);
      const reversed = contentOf({ ...inputs, grants: (inputs.grants ?? []).toReversed() });
      expect(canonicalJson(reversed)).toBe(canonicalJson(content));
    }),
    RUNS,
  );
});

test('coupons never take more than there is', () => {
  fc.assert(
    fc.property(surrounded, (inputs) => {
      const { lines } = contentOf(inputs);
      const before = sum(lines.filter(({ kind }) => kind !== 'coupon'));
      const taken = -sum(lines.filter(({ kind }) => kind === 'coupon'));
      expect(taken >= 0n).toBe(true);
      expect(taken <= (before > 0n ? before : 0n)).toBe(true);
      for (const { kind, exactAmount, steps } of lines)
        if (kind === 'coupon') expect(steps[0]?.amount).toBe(exactAmount);
    }),
    RUNS,
  );
});

test('the bounds of a plan hold for its charges together, and interim bills add up under them', () => {
  const plans = generatedPlans('USD').chain((plan) =>
    fc.tuple(decimals(50n, 2), decimals(900n, 2)).map(([minimum, more]) => ({
      ...plan,
      baseFee: '0',
      minimum,
      maximum: exact(minimum).plus(exact(more)).text,
    })),
  );
  fc.assert(
    fc.property(plans, eventsByMeter, (plan, events) => {
      const spans = spansOf([plan], [], events);
      const subtotal = BigInt(contentOf(inputsWith({ spans }, 'USD')).subtotalMinor);
      expect(subtotal >= roundToMinor(exact(plan.minimum), 'USD')).toBe(true);
      expect(subtotal <= roundToMinor(exact(plan.maximum), 'USD')).toBe(true);
      const interim = contentOf(inputsWith({ spans, isLast: false }, 'USD')).subtotalMinor;
      const earlier = [{ invoiceId: 'inv_1', amounts: [{ key: 'all', amountMinor: interim }] }];
      const last = contentOf(inputsWith({ spans, earlier }, 'USD')).subtotalMinor;
      expect(BigInt(interim) + BigInt(last)).toBe(subtotal);
    }),
    RUNS,
  );
});
