import * as fc from 'fast-check';

import type { AppliedCoupon, EarlierBill, RatingInputs } from '../../src/rating/inputs.ts';
import { amounts, decimals } from './generated-charges.ts';
import { CURRENCIES, eventsByMeter, inputsWith } from './generated-inputs.ts';
import { generatedTimelines, lateTimeline, surroundedPlans, timelineSpans } from './generated-timelines.ts';

/** Whole inputs of rating, with everything that they may have. */

const earlierBills: fc.Arbitrary<readonly EarlierBill[]> = fc
  .array(fc.integer({ min: -100, max: 100_000 }), { maxLength: 2 })
  .map((amountsMinor) =>
    amountsMinor.map((amount, index) => {
      return { invoiceId: `inv_${index}`, amounts: [{ key: 'base', amountMinor: `${amount}` }] };
    }),
  );

/** Of the whole invoice, or of a charge that may be there. */
export const generatedCoupons: fc.Arbitrary<readonly AppliedCoupon[]> = fc
  .array(
    fc.tuple(
      fc.oneof(
        decimals(100n, 2).map((percent) => ({ percent })),
        amounts.map((amount) => ({ amount })),
      ),
      fc.constantFrom(undefined, undefined, 'calls', 'seats', 'stored'),
    ),
    { maxLength: 3 },
  )
  .map((list) =>
    list.map(([discount, charge], index) => {
      return { id: `cpa_${index}`, description: 'Coupon', discount, ...(charge === undefined ? {} : { charge }) };
    }),
  );

/** What fees in advance add to a bill. */
const advances = (currency: string): fc.Arbitrary<Pick<RatingInputs, 'next' | 'billedAhead'>> =>
  fc.record(
    {
      next: surroundedPlans(currency).map((planVersion) => {
        return {
          start: '2023-12-01T00:00:00Z',
          end: '2023-12-21T00:00:00Z',
          feeEnd: '2024-01-01T00:00:00Z',
          planVersion,
        };
      }),
      billedAhead: fc.integer({ min: 0, max: 9_999 }).map((amount) => {
        return { invoiceId: 'inv_before', amountMinor: `${amount}` };
      }),
    },
    { requiredKeys: [] },
  );

const lateOf = (currency: string) =>
  fc.record({ timeline: generatedTimelines(currency), before: eventsByMeter, late: eventsByMeter });

/** Everything at once. */
export const anyInputs: fc.Arbitrary<RatingInputs> = fc.constantFrom(...CURRENCIES).chain((currency) =>
  fc
    .record({
      timeline: generatedTimelines(currency),
      events: eventsByMeter,
      addOn: fc.oneof(
        { weight: 2, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: generatedTimelines(currency, 'add_on') },
      ),
      late: fc.oneof(
        { weight: 3, arbitrary: fc.array(lateOf(currency), { maxLength: 1 }) },
        { weight: 1, arbitrary: fc.array(lateOf(currency), { maxLength: 2 }) },
      ),
      advance: advances(currency),
      percents: fc.array(decimals(30n, 3), { maxLength: 3 }),
      earlier: earlierBills,
    })
    .map(({ timeline, events, addOn, late, advance, percents, earlier }) =>
      inputsWith(
        {
          spans: timelineSpans(timeline, events),
          ...(addOn === undefined ? {} : { addOns: timelineSpans(addOn, events) }),
          late: [
            ...late.flatMap((one, index) => lateTimeline(one.timeline, one.before, one.late, index + 1)),
            ...(addOn === undefined ? [] : lateTimeline(addOn, events, events)),
          ],
          ...advance,
          earlier,
        },
        currency,
        percents,
      ),
    ),
);
