import { expect, test } from 'vitest';

import type { TenantEntry } from '../../src/catalog/catalogue-snapshot.ts';
import { addOnSpans, periodSpans } from '../../src/catalog/period-spans.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import type { PlanVersion } from '../../src/domain/plan.ts';

function version(number: number): PlanVersion {
  return { key: 'basic', version: number, name: 'Basic', currency: 'USD', baseFee: '0', charges: [], limits: [] };
}

/** A tenant with these versions from these instants on. */
function entryOf(...plans: readonly (readonly [version: number, from: string])[]): TenantEntry {
  const items = plans.map(([number, from], index) => {
    const next = plans[index + 1];
    const toMicros = next === undefined ? null : requireInstant(next[1]);
    return { plan: version(number), fromMicros: requireInstant(from), toMicros };
  });
  // The rest of a tenant decides nothing here.
  return { tenant: {}, plans: items, quantities: [], addOns: [], prices: [] } as unknown as TenantEntry;
}

function spansOf(entry: TenantEntry): readonly string[] | undefined {
  const period = {
    startMicros: requireInstant('2026-10-01T00:00:00Z'),
    endMicros: requireInstant('2026-11-01T00:00:00Z'),
  };
  return periodSpans(entry, period)?.map(
    ({ plan, fromMicros, toMicros }) => `${plan.version} ${formatInstant(fromMicros)} ${formatInstant(toMicros)}`,
  );
}

test('one version twice in a row, as a migration may leave it, is one span: no band begins anew', () => {
  const entry = entryOf([1, '2026-09-01T00:00:00Z'], [3, '2026-10-10T00:00:00Z'], [3, '2026-10-15T00:00:00Z']);
  expect(spansOf(entry)).toEqual([
    '1 2026-10-01T00:00:00Z 2026-10-10T00:00:00Z',
    '3 2026-10-10T00:00:00Z 2026-11-01T00:00:00Z',
  ]);
});

test('a plan that comes back after another has a span of its own', () => {
  const entry = entryOf([1, '2026-09-01T00:00:00Z'], [2, '2026-10-10T00:00:00Z'], [1, '2026-10-15T00:00:00Z']);
  expect(spansOf(entry)).toHaveLength(3);
});

test('a price of the tenant’s own cuts a span where it begins and where it ends, and nowhere else', () => {
  const price = { model: 'per_unit', unitPrice: '1' } as const;
  const charge = { key: 'calls', meter: 'calls', description: '', includedUnits: '0', price };
  const entry = {
    ...entryOf([1, '2026-09-01T00:00:00Z'], [1, '2026-10-12T00:00:00Z']),
    prices: [
      {
        charge,
        fromMicros: requireInstant('2026-10-10T00:00:00Z'),
        toMicros: requireInstant('2026-10-20T00:00:00Z'),
      },
    ],
  };
  const dear = { ...charge, price: { ...price, unitPrice: '2' } };
  expect(spansOf(entry)).toEqual([
    '1 2026-10-01T00:00:00Z 2026-10-10T00:00:00Z',
    '1 2026-10-10T00:00:00Z 2026-10-20T00:00:00Z',
    '1 2026-10-20T00:00:00Z 2026-11-01T00:00:00Z',
  ]);
  const [first] = entry.prices;
  const dearer = first === undefined ? [] : [{ ...first, charge: dear, fromMicros: first.toMicros, toMicros: null }];
  expect(spansOf({ ...entry, prices: [...entry.prices, ...dearer] })).toHaveLength(3);
});

test('an add-on is there for the part of the period in which it is held, with the quantities that it has a price for', () => {
  const price = { model: 'per_unit', unitPrice: '1' } as const;
  const vaults = { key: 'vaults', description: 'Vaults', unit: 'vault', price };
  const fromMicros = requireInstant('2026-10-10T00:00:00Z');
  const addOn: PlanVersion = { ...version(1), key: 'archive', addOn: true, fixedQuantities: [vaults] };
  const held = ['seats', 'vaults'].map((name) => ({ name, quantity: '2', fromMicros: 0, toMicros: null }));
  const entry = {
    ...entryOf([1, '2026-09-01T00:00:00Z']),
    addOns: [{ plan: addOn, fromMicros, toMicros: null }],
    quantities: held,
  };
  const period = {
    startMicros: requireInstant('2026-10-01T00:00:00Z'),
    endMicros: requireInstant('2026-11-01T00:00:00Z'),
  };
  const [span] = addOnSpans(entry, period);
  expect([span?.fromMicros, span?.toMicros]).toEqual([fromMicros, period.endMicros]);
  expect(span?.quantities.map(({ item }) => item.name)).toEqual(['vaults']);
  expect(periodSpans(entry, period)?.[0]?.quantities).toHaveLength(2);
});
