import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import { exact } from '../../src/rating/exact.ts';
import { proratedFee, shareOfDays, shareOfPeriod, spanLeft } from '../../src/rating/proration.ts';
import { minorToExact, roundToMinor } from '../../src/rating/rounding.ts';

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

test('a fee cut at an instant is what was used and what is left, or one minor unit more, since each is rounded by itself', () => {
  const fees = fc.bigInt({ min: 0n, max: 10n ** 9n });
  const cuts = fc.integer({ min: requireInstant(APRIL.start), max: requireInstant(APRIL.end) });
  fc.assert(
    fc.property(fees, cuts, (feeMinor, cut) => {
      const at = formatInstant(cut);
      const minorOf = (from: string, to: string): bigint => {
        return roundToMinor(proratedFee('fee', minorToExact(feeMinor, 'USD'), { from, to }, APRIL).amount, 'USD');
      };
      const [used, unused] = [minorOf(APRIL.start, at), minorOf(at, APRIL.end)];
      expect(unused).toBeGreaterThanOrEqual(0n);
      expect(unused).toBeLessThanOrEqual(feeMinor);
      expect([0n, 1n]).toContain(used + unused - feeMinor);
    }),
    { numRuns: 1_000 },
  );
});
