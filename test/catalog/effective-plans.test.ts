import { describe, expect, test } from 'vitest';

import { effectiveAddOns, effectivePlans, heldAt, planFor } from '../../src/catalog/effective-plans.ts';
import { takenKey, takenKeySentence } from '../../src/catalog/taken-keys.ts';
import type { PlanSpan, PricedTimelines, PriceSpan } from '../../src/catalog/timeline-spans.ts';
import type { Charge, PlanVersion } from '../../src/domain/plan.ts';

function charge(key: string, unitPrice: string): Charge {
  return { key, meter: key, description: key, includedUnits: '0', price: { model: 'per_unit', unitPrice } };
}

function plan(key: string, charges: readonly Charge[], changes: Partial<PlanVersion> = {}): PlanVersion {
  return { key, version: 1, name: key, currency: 'USD', baseFee: '0', charges, limits: [], ...changes };
}

const SMALL = plan('small', [charge('calls', '1'), charge('seats', '5')]);
const ARCHIVE = plan('archive', [charge('storage', '2')], { addOn: true });

function span(of: PlanVersion, fromMicros = 0, toMicros: number | null = null): PlanSpan {
  return { plan: of, fromMicros, toMicros };
}

function price(of: Charge, fromMicros = 0, toMicros: number | null = null): PriceSpan {
  return { charge: of, fromMicros, toMicros };
}

function timelines(changes: Partial<PricedTimelines>): PricedTimelines {
  return { plans: [span(SMALL)], addOns: [], prices: [], ...changes };
}

/** `plan from..to charge=price …`, with an asterisk at what is the tenant's own. */
function shown(spans: readonly PlanSpan[]): string[] {
  return spans.map(({ plan: { key, charges }, fromMicros, toMicros, privatePrices = [] }) => {
    const prices = charges.map((one) => {
      const own = privatePrices.find((other) => other.charge === one.key);
      const unitPrice = one.price.model === 'per_unit' ? one.price.unitPrice : '?';
      return `${one.key}=${unitPrice}${own === undefined ? '' : `*${own.fromMicros}`}`;
    });
    return `${key} ${fromMicros}..${toMicros ?? ''} ${prices.join(' ')}`;
  });
}

describe('a price of a tenant’s own', () => {
  test('takes the place of the plan’s from where it begins to where it ends', () => {
    const prices = [price(charge('calls', '0.5'), 10, 20)];
    expect(shown(effectivePlans(timelines({ prices })))).toEqual([
      'small 0..10 calls=1 seats=5',
      'small 10..20 calls=0.5*10 seats=5',
      'small 20.. calls=1 seats=5',
    ]);
  });

  test('stays through a change of plan, and is added to a plan that has none of its key', () => {
    const plans = [span(SMALL, 0, 15), span(plan('large', [charge('seats', '4')]), 15)];
    const prices = [price(charge('calls', '0.5'), 10)];
    expect(shown(effectivePlans(timelines({ plans, prices })))).toEqual([
      'small 0..10 calls=1 seats=5',
      'small 10..15 calls=0.5*10 seats=5',
      'large 15.. seats=4 calls=0.5*10',
    ]);
  });

  test('cuts once where two begin together, and keeps each one’s beginning', () => {
    const prices = [
      price(charge('calls', '0.5'), 10, 30),
      price(charge('seats', '4'), 10),
      price(charge('x', '9'), 20),
    ];
    expect(shown(effectivePlans(timelines({ prices })))).toEqual([
      'small 0..10 calls=1 seats=5',
      'small 10..20 calls=0.5*10 seats=4*10',
      'small 20..30 calls=0.5*10 seats=4*10 x=9*20',
      'small 30.. calls=1 seats=4*10 x=9*20',
    ]);
  });

  test('of an add-on’s charge is the add-on’s, also where that is not held any more', () => {
    const held = timelines({ addOns: [span(ARCHIVE, 5, 15)], prices: [price(charge('storage', '1'), 10)] });
    expect(shown(effectivePlans(held))).toEqual(['small 0.. calls=1 seats=5']);
    expect(shown(effectiveAddOns(held))).toEqual(['archive 5..10 storage=2', 'archive 10..15 storage=1*10']);
  });

  test('of another time than the add-on is one beside the plan’s', () => {
    const held = timelines({ addOns: [span(ARCHIVE, 20)], prices: [price(charge('storage', '1'), 10, 20)] });
    expect(shown(effectivePlans(held))[1]).toBe('small 10..20 calls=1 seats=5 storage=1*10');
    expect(shown(effectiveAddOns(held))).toEqual(['archive 20.. storage=2']);
  });

  test('leaves spans that it does not touch the very same, as those of tenants without any', () => {
    const without = timelines({ addOns: [span(ARCHIVE)] });
    expect(effectivePlans(without)).toBe(without.plans);
    expect(effectiveAddOns(without)).toBe(without.addOns);
    const later = timelines({
      plans: [span(SMALL, 0, 10), span(SMALL, 10)],
      prices: [price(charge('calls', '2'), 20)],
    });
    expect(effectivePlans(later)[0]).toBe(later.plans[0]);
    // Asked for every event: made once.
    expect(effectivePlans(later)).toBe(effectivePlans(later));
  });

  test('holds for a plan that is only thought of', () => {
    const own = timelines({ prices: [price(charge('calls', '0.5'), 10)] });
    const pricesOf = (at: number) => shown([span(planFor(own, plan('other', [charge('calls', '7')]), at))]);
    expect([pricesOf(9), pricesOf(10)]).toEqual([['other 0.. calls=7'], ['other 0.. calls=0.5']]);
  });
});

describe('keys that two things would have at the same time', () => {
  const other = plan('more', [charge('storage', '3')], { addOn: true });

  test('are found where two add-ons overlap, from the instant that is asked for on', () => {
    const held = timelines({ addOns: [span(ARCHIVE, 0, 20), span(other, 10)] });
    const taken = takenKey(held, 0);
    expect(taken).toMatchObject({ key: 'storage', atMicros: 10 });
    if (taken !== undefined) expect(takenKeySentence(taken)).toContain('archive@1 and more@1 would both have storage');
    expect(takenKey(held, 20)).toBeUndefined();
    expect(takenKey(timelines({ addOns: [span(ARCHIVE, 0, 10), span(other, 10)] }), 0)).toBeUndefined();
  });

  test('are those of fixed quantities and of prices of its own too', () => {
    const fixed = { key: 'calls', description: '', unit: 'x', price: { model: 'per_unit', unitPrice: '1' } } as const;
    const seated = plan('seated', [], { addOn: true, fixedQuantities: [fixed] });
    expect(takenKey(timelines({ addOns: [span(seated)] }), 0)).toMatchObject({ key: 'calls' });
    const own = { addOns: [span(ARCHIVE, 20)], prices: [price(charge('storage', '1'), 10, 20)] };
    expect(takenKey(timelines(own), 0)).toBeUndefined();
  });

  test('are those of a price of its own that was there first: it stays the plan’s, as what was charged by it', () => {
    const held = timelines({ addOns: [span(ARCHIVE, 20)], prices: [price(charge('storage', '1'), 10)] });
    expect(shown(effectivePlans(held))).toEqual([
      'small 0..10 calls=1 seats=5',
      'small 10.. calls=1 seats=5 storage=1*10',
    ]);
    expect(takenKey(held, 0)).toMatchObject({ key: 'storage', atMicros: 20 });
  });

  test('are none where there is no add-on', () => {
    expect(takenKey(timelines({}), 0)).toBeUndefined();
    expect(heldAt(timelines({ plans: [span(SMALL, 5)] }), 4)).toEqual([]);
  });
});
