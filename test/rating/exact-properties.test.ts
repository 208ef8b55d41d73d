import * as fc from 'fast-check';
import Fraction from 'fraction.js';
import { expect, test } from 'vitest';

import { Exact, exact, exactOfText } from '../../src/rating/exact.ts';
import { decimals, RATING_RUNS } from './generated-charges.ts';

/** The numbers that rating computes with, against a library of fractions that knows nothing of decimals. */

const RUNS = { numRuns: Math.max(RATING_RUNS, 500) };
const DIGITS_OF_ORACLE = 400;

interface Pair {
  readonly ours: Exact;
  readonly theirs: Fraction;
}

const signedDecimals = fc.tuple(fc.boolean(), fc.oneof(decimals(3n, 1), decimals(1_000n, 6), decimals(10n ** 15n, 3)));
const decimalPairs = signedDecimals.map(([isNegative, text]): Pair => {
  const signed = isNegative && text !== '0' ? `-${text}` : text;
  return { ours: exact(signed), theirs: new Fraction(signed) };
});
const ratioPairs = fc
  .tuple(fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }), fc.bigInt({ min: -5_000n, max: 5_000n }))
  .filter(([, denominator]) => denominator !== 0n)
  .map(([numerator, denominator]): Pair => {
    return { ours: Exact.ratio(numerator, denominator), theirs: new Fraction(numerator, denominator) };
  });
/** Decimals, fractions, and what comes of adding and multiplying them. */
const pairs: fc.Arbitrary<Pair> = fc
  .tuple(
    fc.oneof(decimalPairs, ratioPairs),
    fc.oneof(decimalPairs, ratioPairs),
    fc.constantFrom('none', 'sum', 'product'),
  )
  .map(([one, other, made]) => {
    if (made === 'none') return one;
    if (made === 'sum') return { ours: one.ours.plus(other.ours), theirs: one.theirs.add(other.theirs) };
    return { ours: one.ours.times(other.ours), theirs: one.theirs.mul(other.theirs) };
  });

/** A decimal where there is one, else a fraction: as `Exact` spells it. */
function spelling(theirs: Fraction): string {
  let rest = theirs.d;
  for (const prime of [2n, 5n]) while (rest % prime === 0n) rest /= prime;
  return rest === 1n ? theirs.toString(DIGITS_OF_ORACLE) : theirs.toFraction();
}

const same = ({ ours, theirs }: Pair): void => {
  expect(ours.text).toBe(spelling(theirs));
};

test('sums, differences, products, quotients and negatives are those of the library', () => {
  fc.assert(
    fc.property(pairs, pairs, (one, other) => {
      same({ ours: one.ours.plus(other.ours), theirs: one.theirs.add(other.theirs) });
      same({ ours: one.ours.minus(other.ours), theirs: one.theirs.sub(other.theirs) });
      same({ ours: one.ours.times(other.ours), theirs: one.theirs.mul(other.theirs) });
      same({ ours: one.ours.negated(), theirs: one.theirs.neg() });
      if (other.ours.isZero) expect(() => one.ours.dividedBy(other.ours)).toThrow(RangeError);
      else same({ ours: one.ours.dividedBy(other.ours), theirs: one.theirs.div(other.theirs) });
    }),
    RUNS,
  );
});

test('comparisons and signs are those of the library', () => {
  fc.assert(
    fc.property(pairs, pairs, (one, other) => {
      const order = one.theirs.compare(other.theirs);
      expect(one.ours.isAbove(other.ours)).toBe(order > 0);
      expect(one.ours.isBelow(other.ours)).toBe(order < 0);
      expect(one.ours.equals(other.ours)).toBe(order === 0);
      expect(one.ours.atMost(other.ours).text).toBe(order > 0 ? other.ours.text : one.ours.text);
      expect(one.ours.atLeast(other.ours).text).toBe(order < 0 ? other.ours.text : one.ours.text);
      expect(one.ours.isZero).toBe(one.theirs.equals(0));
      expect(one.ours.isNegative).toBe(one.theirs.compare(0) < 0);
    }),
    RUNS,
  );
});

test('whole numbers below and above, and rounding half away from zero, are those of the library', () => {
  fc.assert(
    fc.property(pairs, fc.integer({ min: 0, max: 8 }), ({ ours, theirs }, digits) => {
      same({ ours: ours.floor(), theirs: theirs.floor() });
      same({ ours: ours.ceiling(), theirs: theirs.ceil() });
      // The library rounds half up, so what is below zero is rounded as if it were above.
      const rounded = theirs.abs().round(digits);
      same({ ours: ours.rounded(digits), theirs: theirs.compare(0) < 0 ? rounded.neg() : rounded });
    }),
    RUNS,
  );
});

test('what is written is read again as the same number', () => {
  fc.assert(
    fc.property(pairs, ({ ours }) => {
      expect(exactOfText(ours.text).equals(ours)).toBe(true);
    }),
    RUNS,
  );
});

test.each(['', '1e3', '+1', '.5', '1.', '01', 'NaN', '0x1', '1/2', ' 1'])('%j is no decimal', (text) => {
  expect(() => exact(text)).toThrow(RangeError);
});

test('a ratio to nothing is refused', () => {
  expect(() => Exact.ratio(1n, 0n)).toThrow(RangeError);
});
