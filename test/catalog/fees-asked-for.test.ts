import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { TenantEntry } from '../../src/catalog/catalogue-snapshot.ts';
import { askedOfBill } from '../../src/domain/asked-of-bill.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import type { InvoiceContent } from '../../src/domain/invoice.ts';
import { chargedBefore } from '../../src/rating/charged-before.ts';
import { Exact } from '../../src/rating/exact.ts';
import type { FeeBill } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { roundToMinor } from '../../src/rating/rounding.ts';
import { RATING_RUNS } from '../rating/generated-charges.ts';
import { inputsOf, periodsOf } from './cadence-bills.ts';
import { bandedSeats, choices, entryFrom, owed } from './generated-fees.ts';

/**
 * Whole timelines are billed period by period, each bill with a coupon of its own, or rejected; and each is told of the earlier ones as the ledger would tell it.
 */
const RUNS = { numRuns: Math.ceil(RATING_RUNS / 4) };

/** What is taken off a bill, in percent; `null`: it was rejected. */
type Fate = number | null;

interface MadeBill extends FeeBill {
  readonly content: InvoiceContent;
}

/** All bills, those of which no invoice stands among them. @param fateOf a bill, by its place */
function billsOf(entry: TenantEntry, fateOf: (place: number) => Fate): readonly MadeBill[] {
  const bills: MadeBill[] = [];
  for (const [place, period] of periodsOf(entry).entries()) {
    const fate = fateOf(place);
    const [start, end] = [formatInstant(period.startMicros), formatInstant(period.endMicros)];
    const inputs = inputsOf(entry, period);
    const dues = chargedBefore(inputs).map(requireInstant);
    const feeBills = bills
      .filter((bill) => dues.some((at) => at >= requireInstant(bill.start) && at < requireInstant(bill.end)))
      .map(({ content: _left, ...bill }) => bill);
    const coupon = { id: 'cpn_a', description: 'Off', discount: { percent: String(fate ?? 0) } };
    const result = rateInvoice({ ...inputs, feeBills, coupons: fate === null || fate === 0 ? [] : [coupon] });
    if ('problems' in result) throw new Error(result.problems.join('; '));
    const { content } = result;
    const invoiceId = fate === null ? null : `inv_${place}`;
    bills.push({ start, end, invoiceId, asked: fate === null ? null : askedOfBill(content), content });
  }
  return bills;
}

/** A minor unit for each line that was rounded. */
function roundings(bills: readonly MadeBill[]): bigint {
  return bills.reduce((count, { content }) => count + BigInt(content.lines.length), 0n);
}

const percents = fc.integer({ min: 0, max: 100 });

test('with the same coupon on every bill, all of them come to what is left of what the fees owe', () => {
  fc.assert(
    fc.property(choices, percents, (chosen, percent) => {
      const entry = entryFrom(chosen);
      const bills = billsOf(entry, () => percent);
      const total = bills.reduce((sum, { content }) => sum + BigInt(content.subtotalMinor), 0n);
      const due = roundToMinor(owed(entry).times(Exact.ratio(BigInt(100 - percent), 100n)), 'USD');
      const difference = total - due;
      expect(difference < 0n ? -difference : difference).toBeLessThanOrEqual(roundings(bills));
    }),
    RUNS,
  );
});

test('nobody is ever given back more than was asked for, whatever coupons bills have and whichever do not stand', () => {
  const fates = fc.array(fc.oneof(percents, fc.constantFrom(0, 100), fc.constant(null)), {
    minLength: 1,
    maxLength: 7,
  });
  fc.assert(
    fc.property(fc.oneof(choices, bandedSeats), fates, (chosen, dealt) => {
      const bills = billsOf(entryFrom(chosen), (place) => dealt[place % dealt.length] ?? null);
      let asked = 0n;
      for (const [index, { invoiceId, content }] of bills.entries()) {
        if (invoiceId !== null) asked += BigInt(content.subtotalMinor);
        expect(asked).toBeGreaterThanOrEqual(-roundings(bills.slice(0, index + 1)));
      }
    }),
    RUNS,
  );
});

test('where nothing is taken off, what earlier bills asked for changes no amount but by rounding', () => {
  fc.assert(
    fc.property(choices, (chosen) => {
      const entry = entryFrom(chosen);
      const told = billsOf(entry, () => 0);
      for (const [index, period] of periodsOf(entry).entries()) {
        const bill = told[index];
        const untold = rateInvoice(inputsOf(entry, period));
        if (bill === undefined || 'problems' in untold) throw new Error(`bill ${index} is not there`);
        const difference = BigInt(bill.content.subtotalMinor) - BigInt(untold.content.subtotalMinor);
        expect(difference < 0n ? -difference : difference).toBeLessThanOrEqual(roundings([bill]));
      }
    }),
    RUNS,
  );
});
