import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { Exact, exactOfText } from '../../src/rating/exact.ts';
import { RATING_RUNS } from '../rating/generated-charges.ts';
import { billOf, inputsOf, knownBefore, periodsOf } from './cadence-bills.ts';
import { choices, entryFrom, owed } from './generated-fees.ts';

/**
 * Whole timelines, with prices of a tenant's own and another anchor of its bills in them, are billed period by period, and what all bills come to is compared with what the cadence owes: for each version, the
 * fee of each of its periods × the part of it in which the version holds. That is computed here without the code that bills it.
 */
const RUNS = { numRuns: Math.ceil(RATING_RUNS / 4) };

test('all bills of a timeline come to what the cadences of its fees owe: nothing twice, and nothing forgotten', () => {
  fc.assert(
    fc.property(choices, (chosen) => {
      const entry = entryFrom(chosen);
      const lines = periodsOf(entry).flatMap((period) => billOf(entry, period).lines);
      expect(Exact.sum(lines.map(({ exactAmount }) => exactOfText(exactAmount))).text).toBe(owed(entry).text);
    }),
    RUNS,
  );
});

test('what a bill is made of is the same before anybody asked for what comes at its end or later, and each line of it is told apart', () => {
  fc.assert(
    fc.property(choices, (chosen) => {
      const entry = entryFrom(chosen);
      for (const period of periodsOf(entry)) {
        expect(inputsOf(knownBefore(entry, period.endMicros), period)).toEqual(inputsOf(entry, period));
        const { lines } = billOf(entry, period);
        expect(new Set(lines.map(({ key }) => key)).size).toBe(lines.length);
      }
    }),
    RUNS,
  );
});

test('no more is given back of a fee than was charged for it, also after rounding', () => {
  fc.assert(
    fc.property(choices, (chosen) => {
      const entry = entryFrom(chosen);
      const lines = periodsOf(entry).flatMap((period) => billOf(entry, period).lines);
      const charged = new Map(lines.map(({ key, amountMinor }) => [key, BigInt(amountMinor)]));
      const rests = lines.filter(({ key, kind }) => kind === 'base_fee' && key.endsWith(':rest'));
      for (const { key, amountMinor } of rests) {
        const of = charged.get(key.slice(0, -':rest'.length)) ?? 0n;
        expect(BigInt(amountMinor) <= 0n && -BigInt(amountMinor) <= of).toBe(true);
      }
    }),
    RUNS,
  );
});
