import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { InvoiceLine } from '../../src/domain/invoice.ts';
import type { FixedQuantityPrice, PlanVersion } from '../../src/domain/plan.ts';
import { Exact, exact, ONE, ZERO } from '../../src/rating/exact.ts';
import type { EndedPlan, FeeSpan, RatedSpan, RatingInputs } from '../../src/rating/inputs.ts';
import { shareOfPeriod } from '../../src/rating/proration.ts';
import { priceFixedQuantity } from '../../src/rating/fixed-quantity.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { minorToExact, roundToMinor } from '../../src/rating/rounding.ts';
import { amounts, decimals, generatedCharges, RATING_RUNS } from './generated-charges.ts';
import { eventsByMeter, inputsWith, periodCuts, spansOf } from './generated-inputs.ts';
import { generatedTimelines, heldSeats, timelineSpans } from './generated-timelines.ts';
import { generatedEvents, instantOf } from './generated-usage.ts';
import { samplePlan } from './sample-inputs.ts';

/** Laws of what is for time: fees and seats that are held, billed ahead or for longer than a period, and usage that is carried over. */

const RUNS = { numRuns: RATING_RUNS };
const [START, END] = [instantOf(0), instantOf(720)];

function linesOf(changes: Partial<RatingInputs>): readonly InvoiceLine[] {
  const result = rateInvoice(inputsWith(changes, 'USD'));
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content.lines;
}

function exactOf({ exactAmount }: InvoiceLine): Exact {
  const [numerator = '0', denominator = '1'] = exactAmount.split('/');
  return exact(numerator).dividedBy(exact(denominator));
}

const sum = (lines: readonly InvoiceLine[]): Exact => Exact.sum(lines.map(exactOf));
const minorOf = (lines: readonly InvoiceLine[]): bigint =>
  lines.reduce((total, { amountMinor }) => total + BigInt(amountMinor), 0n);

/** Bands without flat fees: what is due of them for a time is their price for that part of the period. */
const seatPrices: fc.Arbitrary<FixedQuantityPrice> = fc.oneof(
  amounts.map((unitPrice): FixedQuantityPrice => ({ model: 'per_unit', unitPrice })),
  fc.tuple(amounts, amounts).map(([one, other]): FixedQuantityPrice => {
    const bands = [
      { upTo: '3', unitPrice: one, flatFee: '0' },
      { upTo: null, unitPrice: other, flatFee: '0' },
    ];
    return { model: 'graduated', bands, flatAtZero: false };
  }),
);
const seatCounts = fc.array(fc.nat(9), { maxLength: 6 });

function seatPlan(
  price: FixedQuantityPrice,
  changes: Partial<PlanVersion> = {},
  every?: FeeSpan['every'],
): PlanVersion {
  const cadence = every === undefined ? {} : { every };
  const fixedQuantities = [{ key: 'seats', description: 'Seats', unit: 'seat', price, ...cadence }];
  return samplePlan({ baseFee: '0', charges: [], fixedQuantities, ...changes });
}

/** What a count costs for a whole period. */
function wholePrice(price: FixedQuantityPrice, count: string): Exact {
  const units = exact(count);
  return units.isZero ? ZERO : priceFixedQuantity(price, [{ units, proratedUnits: units }], ONE).amount;
}

test('seats cost their price for as long as each of them is held, and no credit is more than what was charged', () => {
  fc.assert(
    fc.property(seatPrices, seatCounts, periodCuts, (price, seats, cuts) => {
      const plan = seatPlan(price);
      const spans = spansOf([plan], cuts, {}).map((span) => ({ ...span, quantities: heldSeats({ seats }, span) }));
      const lines = linesOf({ spans });
      const period = { start: START, end: END };
      const held = heldSeats({ seats }, { from: START, to: END });
      const due = held.map((one) => wholePrice(price, one.quantity).times(shareOfPeriod(one, period)));
      expect(sum(lines).text).toBe(Exact.sum(due).text);
      for (const [index] of lines.entries()) expect(sum(lines.slice(0, index + 1)).isNegative).toBe(false);
    }),
    RUNS,
  );
});

const MONTHS = ['2023-11-01', '2023-12-01', '2024-01-01', '2024-02-01'].map((day) => `${day}T00:00:00Z`);
const YEAR = { start: '2023-07-01T00:00:00Z', end: '2024-07-01T00:00:00Z' };
const FREE = samplePlan({ key: 'free', baseFee: '0', charges: [] });

interface Holding {
  readonly plan: PlanVersion;
  /** Hours after the first month began. */
  readonly from: string;
  readonly to: string;
  readonly seats: readonly number[];
}

function free(from: string, to: string): RatedSpan[] {
  return from < to ? [{ from, to, planVersion: FREE, usage: [] }] : [];
}

/** The bill of one month in which a plan with fees by the year begins, is held or ends; the tenant is under another one beside that. */
function billOfMonth({ plan, from, to, seats }: Holding, index: number): readonly InvoiceLine[] {
  const [start = '', end = ''] = [MONTHS[index], MONTHS[index + 1]];
  const isHeld = from < end && to > start;
  const begins = from > start ? from : start;
  const ends = to < end ? to : end;
  const feeTo = to < end ? to : YEAR.end;
  const fee = (feeEnd: string, known: string): FeeSpan => {
    const quantities = heldSeats({ seats }, { from, to: known });
    return { every: 'year', period: YEAR, from, to: feeEnd, quantities };
  };
  const spans = isHeld
    ? [
        ...free(start, begins),
        { from: begins, to: ends, planVersion: plan, fees: [fee(feeTo, ends)], usage: [] },
        ...free(ends, end),
      ]
    : free(start, end);
  const endedPlans: EndedPlan[] = to === start ? [{ planVersion: plan, fees: [fee(to, to)] }] : [];
  return linesOf({ period: { start, end }, feePeriod: { start, end }, spans, endedPlans });
}

/** Any hour of the first two months, and where they end. */
const instants = fc.oneof(fc.constantFrom(0, 720, 1_464), fc.nat(1_464)).map(instantOf);

test('fees by the year come to the time that they were held for, whichever bills they are on, and are never above the fee', () => {
  const holdings = fc.tuple(instants, instants).filter(([one, other]) => one !== other);
  fc.assert(
    fc.property(
      holdings,
      amounts,
      seatPrices,
      seatCounts,
      fc.boolean(),
      (instantsHeld, baseFee, price, seats, isAhead) => {
        const [from = '', to = ''] = instantsHeld.toSorted();
        const due = isAhead ? { baseFeeDue: 'advance' as const } : {};
        const plan = seatPlan(price, { key: 'yearly', baseFee, baseFeeEvery: 'year', ...due }, 'year');
        const bills = [0, 1, 2].map((index) => billOfMonth({ plan, from, to, seats }, index));
        const ofSeats = heldSeats({ seats }, { from, to }).map((held) => {
          return wholePrice(price, held.quantity).times(shareOfPeriod(held, YEAR));
        });
        const ofFee = exact(baseFee).times(shareOfPeriod({ from, to }, YEAR));
        const lines = bills.flat();
        expect(sum(lines).text).toBe(Exact.sum([ofFee, ...ofSeats]).text);
        const fees = lines.filter(({ kind }) => kind === 'base_fee');
        for (const fee of fees) {
          const size = exactOf(fee).isNegative ? exactOf(fee).negated() : exactOf(fee);
          expect(size.isAbove(exact(baseFee))).toBe(false);
        }
        expect(fees.length).toBeLessThanOrEqual(2);
      },
    ),
    RUNS,
  );
});

function feePlan(isAhead: boolean, baseFee: string, version: number): PlanVersion {
  return samplePlan({ version, baseFee, charges: [], ...(isAhead ? { baseFeeDue: 'advance' as const } : {}) });
}

test('base fees that are billed ahead come to the fees of all periods, whatever plan came instead meanwhile', () => {
  const fees = fc.tuple(
    fc.boolean(),
    amounts,
    amounts,
    fc.option(fc.integer({ min: 1, max: 600 }), { nil: undefined }),
  );
  fc.assert(
    fc.property(fc.array(fees, { minLength: 1, maxLength: 4 }), (periods) => {
      let ahead: RatingInputs['billedAhead'];
      let [billed, due] = [0n, 0n];
      for (const [index, [isAhead, baseFee, changed, cut]] of periods.entries()) {
        const plans = [feePlan(isAhead, baseFee, 1), feePlan(false, changed, 2)];
        const spans = spansOf(cut === undefined ? plans.slice(0, 1) : plans, cut === undefined ? [] : [cut], {});
        const next = periods[index + 1];
        const nextPlan = next === undefined ? undefined : feePlan(next[0], next[1], 1);
        const lines = linesOf({
          spans,
          ...(ahead === undefined ? {} : { billedAhead: ahead }),
          ...(nextPlan?.baseFeeDue === 'advance'
            ? { next: { start: END, end: MONTHS[2] ?? '', planVersion: nextPlan } }
            : {}),
        });
        billed += minorOf(lines);
        due += minorOf(linesOf({ spans }));
        const advance = lines.find(({ key }) => key === 'base:advance');
        expect(exact(advance?.exactAmount ?? '0').isAbove(exact(next?.[1] ?? '0'))).toBe(false);
        ahead = advance === undefined ? undefined : { invoiceId: 'inv_1', amountMinor: advance.amountMinor };
      }
      expect(billed).toBe(due);
    }),
    RUNS,
  );
});

test('in a trial nothing is due, whatever the plan asks for', () => {
  fc.assert(
    fc.property(generatedTimelines('USD'), eventsByMeter, (timeline, events) => {
      const lines = linesOf({ spans: timelineSpans({ ...timeline, trialSpans: timeline.cuts.length + 1 }, events) });
      expect(lines.filter(({ amountMinor }) => amountMinor !== '0')).toEqual([]);
      expect(lines.every(({ kind }) => kind === 'usage')).toBe(true);
    }),
    RUNS,
  );
});

test('a plan that carries usage over costs what it would have cost without a change, and the lines lose nothing of it', () => {
  const carried = generatedCharges('calls', { monotone: true, aggregation: 'sum' }).map(
    ({ key, meter, description, price, includedUnits, conversion }) => {
      // Whatever else stands around a price is for a period, and is cut with it.
      return { key, meter, description, price, includedUnits, ...(conversion === undefined ? {} : { conversion }) };
    },
  );
  fc.assert(
    fc.property(carried, generatedEvents, periodCuts, decimals(1n, 2), (charge, calls, cuts, baseFee) => {
      fc.pre(['per_unit', 'graduated', 'package', 'graduated_percentage'].includes(charge.price.model));
      fc.pre(!('flatAtZero' in charge.price) || !charge.price.flatAtZero);
      const planVersion = samplePlan({ baseFee, charges: [charge], onChange: 'carry_over' });
      const whole = linesOf({ spans: spansOf([planVersion], [], { calls }) });
      const apart = linesOf({ spans: spansOf([planVersion], cuts, { calls }) });
      expect(sum(apart).text).toBe(sum(whole).text);
      const lost = minorToExact(minorOf(apart), 'USD').minus(sum(apart));
      const most = minorToExact(BigInt(apart.length), 'USD').dividedBy(exact('2'));
      expect((lost.isNegative ? lost.negated() : lost).isAbove(most)).toBe(false);
      expect(roundToMinor(sum(whole), 'USD') >= 0n).toBe(true);
    }),
    RUNS,
  );
});
