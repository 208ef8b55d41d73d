import { describe, expect, test } from 'vitest';

import { changedNames, quantitiesOfAddOns } from '../../src/catalog/add-on-quantities.ts';
import type { PlanSpan, QuantitySpan } from '../../src/catalog/timeline-spans.ts';
import type { PlanVersion } from '../../src/domain/plan.ts';

const plan = (key: string, names: readonly string[], version = 1): PlanVersion => ({
  key,
  version,
  name: key,
  currency: 'USD',
  baseFee: '0',
  charges: [],
  limits: [],
  ...(key === 'base' ? {} : { addOn: true }),
  fixedQuantities: names.map((name) => {
    return { key: name, description: name, unit: 'seat', price: { model: 'per_unit', unitPrice: '1' } };
  }),
});

const span = (of: PlanVersion, fromMicros: number, toMicros: number | null = null): PlanSpan => ({
  plan: of,
  fromMicros,
  toMicros,
});
const held = (quantity: string, fromMicros: number, toMicros: number | null = null, name = 'seats'): QuantitySpan => ({
  name,
  quantity,
  fromMicros,
  toMicros,
});

const BASE = span(plan('base', []), 0);
const SUPPORT = plan('support', ['seats']);

/** What becomes of quantities when the add-ons of a tenant change at 100. */
function changed(
  before: readonly PlanSpan[],
  after: readonly PlanSpan[],
  quantities: readonly QuantitySpan[],
  plans: readonly PlanSpan[] = [BASE],
): readonly QuantitySpan[] {
  const rest = { plans, prices: [], quantities };
  return quantitiesOfAddOns({ ...rest, addOns: before }, { ...rest, addOns: after }, 100);
}

describe('quantities of an add-on', () => {
  test('end with it, and what was planned behind that is dropped', () => {
    const quantities = [held('2', 50, 150), held('3', 150)];
    expect(changed([span(SUPPORT, 10)], [span(SUPPORT, 10, 120)], quantities)).toEqual([held('2', 50, 120)]);
  });

  test('go on where it was to end and does not any more', () => {
    const cut = [held('2', 50, 120)];
    expect(changed([span(SUPPORT, 10, 120)], [span(SUPPORT, 10)], cut)).toEqual([held('2', 50)]);
    expect(changed([span(SUPPORT, 10, 120)], [span(SUPPORT, 10, 130)], cut)).toEqual([held('2', 50, 130)]);
  });

  test('are not there when it begins again, also where an earlier release left them', () => {
    const again = [span(SUPPORT, 10, 60), span(SUPPORT, 110)];
    expect(changed([span(SUPPORT, 10, 60)], again, [held('2', 20)])).toEqual([held('2', 20, 110)]);
  });

  test('stay as they were before the change', () => {
    const ended = [span(SUPPORT, 10, 60)];
    expect(changed(ended, ended, [held('2', 20)])).toEqual([held('2', 20)]);
  });

  test('stay where a newer version of it, another add-on, or the plan has their price then', () => {
    const quantities = [held('2', 20)];
    const ends = span(SUPPORT, 10, 120);
    expect(changed([ends], [ends, span(plan('support', ['seats'], 2), 120)], quantities)).toEqual(quantities);
    expect(changed([ends], [ends, span(plan('other', ['seats']), 120)], quantities)).toEqual(quantities);
    const plans = [span(plan('base', []), 0, 120), span(plan('base', ['seats'], 2), 120)];
    expect(changed([span(SUPPORT, 10)], [ends], quantities, plans)).toEqual(quantities);
    const older = [span(plan('base', ['seats']), 0, 120), span(plan('base', [], 2), 120)];
    expect(changed([], [span(SUPPORT, 120)], quantities, older)).toEqual(quantities);
  });

  test('end with a version that has no price for them', () => {
    const addOns = [span(SUPPORT, 10, 120), span(plan('support', [], 2), 120)];
    expect(changed([span(SUPPORT, 10)], addOns, [held('2', 20)])).toEqual([held('2', 20, 120)]);
  });

  test('go with an add-on that is removed before it begins, and are not there when it is taken again', () => {
    const quantities = [held('5', 120)];
    expect(changed([span(SUPPORT, 120)], [], quantities)).toEqual([]);
    const twice = [span(SUPPORT, 10, 60), span(SUPPORT, 150)];
    expect(changed(twice, [span(SUPPORT, 10, 60)], [held('2', 20, 60), held('5', 150)])).toEqual([held('2', 20, 60)]);
    expect(changed([span(SUPPORT, 120)], [span(SUPPORT, 110)], quantities)).toEqual(quantities);
  });

  test('of a plan that does not come stay, and are none of an add-on that is taken then', () => {
    const quantities = [held('7', 120)];
    const planned = { plans: [BASE, span(plan('big', ['seats']), 120)], addOns: [], prices: [], quantities };
    expect(quantitiesOfAddOns(planned, { ...planned, plans: [BASE] }, 100)).toEqual(quantities);
    expect(changed([], [span(SUPPORT, 120)], quantities)).toEqual([]);
    expect(changed([], [span(SUPPORT, 110)], quantities)).toEqual([]);
  });

  test('are told apart from those of others', () => {
    const quantities = [held('2', 20), held('5', 20, null, 'boxes')];
    const after = changed([span(SUPPORT, 10)], [span(SUPPORT, 10, 120)], quantities);
    expect(changedNames(quantities, after)).toEqual(['seats']);
    expect(changedNames([], quantities)).toEqual(['seats', 'boxes']);
    expect(changedNames(quantities, quantities)).toEqual([]);
  });
});
