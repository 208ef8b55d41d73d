import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Exact, exact, exactOfText, ONE } from '../../src/rating/exact.ts';
import { feeChange, proratedFee, shareOfDays, shareOfPeriod, spanLeft } from '../../src/rating/proration.ts';

const APRIL = { start: '2026-04-01T00:00:00Z', end: '2026-05-01T00:00:00Z' };

function left(at: string): string {
  return shareOfPeriod(spanLeft(at, APRIL), APRIL).text;
}

describe('what is left of a period', () => {
  test.each([
    ['at its start', '2026-04-01T00:00:00Z', '1'],
    ['before its start: no more than the whole', '2026-03-01T00:00:00Z', '1'],
    ['in its middle', '2026-04-16T00:00:00Z', '0.5'],
    ['to the second', '2026-04-30T23:59:59Z', '1/2592000'],
    ['at its end', '2026-05-01T00:00:00Z', '0'],
    ['behind its end', '2026-06-01T00:00:00Z', '0'],
  ])('%s', (_what, at, expected) => {
    expect(left(at)).toBe(expected);
  });
});

test('days of 24 hours are a share of a period', () => {
  expect(shareOfDays(exact('10'), APRIL).text).toBe('1/3');
  expect(shareOfDays(exact('0.5'), APRIL).text).toBe('1/60');
});

test('a fee of a part of its period is not rounded, and says how it came about', () => {
  const { amount, steps } = proratedFee(
    'base fee',
    exact('20'),
    { from: '2026-04-21T00:00:00Z', to: APRIL.end },
    APRIL,
  );
  expect(amount.text).toBe('20/3');
  expect(steps.map(({ sentence }) => sentence)).toEqual(['base fee 20 × 1/3 of the period = 20/3']);
});

describe('a fee that changes in mid-period', () => {
  test('gives back and charges amounts that are rounded apart', () => {
    const change = { oldFee: exact('50'), newFee: exact('100'), left: exactOfText('20/30') };
    expect(feeChange(change, 'USD')).toEqual({ creditMinor: 3_333n, chargeMinor: 6_667n });
    expect(feeChange(change, 'JPY')).toEqual({ creditMinor: 33n, chargeMinor: 67n });
    expect(feeChange(change, 'KWD')).toEqual({ creditMinor: 33_333n, chargeMinor: 66_667n });
  });

  test('charges the whole new fee where that begins an interval of its own', () => {
    const change = { oldFee: exact('1000'), newFee: exact('90'), left: exact('0.8'), newShare: ONE };
    expect(feeChange(change, 'USD')).toEqual({ creditMinor: 80_000n, chargeMinor: 9_000n });
  });

  test('gives back no more than was paid, and both parts come to it or to one minor unit more', () => {
    const fees = fc.bigInt({ min: 0n, max: 10n ** 9n }).map((minor) => exact(minor).dividedBy(exact('100')));
    const shares = fc.tuple(fc.bigInt({ min: 0n, max: 10_000n }), fc.bigInt({ min: 1n, max: 10_000n }));
    fc.assert(
      fc.property(fees, shares, (fee, [part, more]) => {
        const share = Exact.ratio(part, part + more);
        const { creditMinor } = feeChange({ oldFee: fee, newFee: fee, left: share }, 'USD');
        const used = feeChange({ oldFee: fee, newFee: fee, left: ONE.minus(share) }, 'USD').creditMinor;
        const paid = BigInt(fee.times(exact('100')).text);
        expect(creditMinor).toBeGreaterThanOrEqual(0n);
        expect(creditMinor).toBeLessThanOrEqual(paid);
        expect([0n, 1n]).toContain(creditMinor + used - paid);
      }),
      { numRuns: 1_000 },
    );
  });
});
