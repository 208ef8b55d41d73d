import { describe, expect, test } from 'vitest';

import type { CatalogueSnapshot, TenantEntry } from '../../src/catalog/catalogue-snapshot.ts';
import { planAddOnChange } from '../../src/catalog/change-add-on.ts';
import { planPriceChange } from '../../src/catalog/change-price.ts';
import { planMigration } from '../../src/catalog/migrate-plan.ts';
import type { PricedTimelines, PriceSpan } from '../../src/catalog/timeline-spans.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import type { Charge, PlanVersion } from '../../src/domain/plan.ts';

const [JANUARY, FEBRUARY, MARCH, APRIL] = ['01', '02', '03', '04'].map((month) =>
  requireInstant(`2026-${month}-01T00:00:00Z`),
) as [number, number, number, number];

const STORAGE: Charge = {
  key: 'storage',
  meter: 'storage',
  description: 'storage',
  includedUnits: '0',
  price: { model: 'per_unit', unitPrice: '1' },
};
const SMALL: PlanVersion = {
  key: 'small',
  version: 1,
  name: 'small',
  currency: 'USD',
  baseFee: '0',
  charges: [],
  limits: [],
};
const ARCHIVE: PlanVersion = { ...SMALL, key: 'archive', addOn: true, charges: [STORAGE] };
const EMPTIED: PlanVersion = { ...ARCHIVE, version: 2, charges: [] };

/** One tenant that has the add-on for some time, and prices of its own. */
function catalogue(held: Pick<PricedTimelines, 'addOns' | 'prices'>): CatalogueSnapshot {
  const entry = {
    tenant: { id: 'acme', currency: 'USD' },
    calendar: { timeZone: 'UTC', anchor: '2026-01-01T00:00:00Z', length: 'month', endsAt: null },
    billingStartMicros: JANUARY,
    endsAtMicros: null,
    gate: { version: 1, sealedThroughMicros: JANUARY },
    quantities: [],
    plans: [{ plan: SMALL, fromMicros: JANUARY, toMicros: null }],
    ...held,
  } as unknown as TenantEntry;
  const planVersions = new Map([SMALL, ARCHIVE, EMPTIED].map((plan) => [`${plan.key}@${plan.version}`, plan]));
  return { tenants: new Map([['acme', entry]]), planVersions, meters: new Map() } as unknown as CatalogueSnapshot;
}

function price(fromMicros: number, toMicros: number | null = null): PriceSpan {
  return { charge: STORAGE, fromMicros, toMicros };
}

function archive(fromMicros: number, toMicros: number | null = null) {
  return { plan: ARCHIVE, fromMicros, toMicros };
}

function setPrice(snapshot: CatalogueSnapshot, at: number) {
  return planPriceChange(snapshot, { tenant: 'acme', key: 'storage', charge: STORAGE, at }, APRIL, () => []);
}

describe('the same price again', () => {
  test('where the add-on that it was of is not held any more is one of the plan, and not for nothing', () => {
    const held = { addOns: [archive(JANUARY, FEBRUARY)], prices: [price(JANUARY)] };
    const planned = setPrice(catalogue(held), MARCH);
    expect(planned).toMatchObject({ isUnchanged: false, plan: 'small', before: null, after: { key: 'storage' } });
    expect(planned.prices).toEqual([price(JANUARY, MARCH), price(MARCH)]);
    // Once is enough.
    expect(setPrice(catalogue({ ...held, prices: planned.prices }), APRIL)).toMatchObject({ isUnchanged: true });
  });

  test('where an add-on with its key begins is one of the add-on, and does not take its key', () => {
    const held = { addOns: [archive(MARCH)], prices: [price(JANUARY, MARCH)] };
    expect(setPrice(catalogue(held), MARCH)).toMatchObject({
      plan: 'archive',
      prices: [price(JANUARY, MARCH), price(MARCH)],
    });
  });

  test('of the same plan or add-on goes on uncut', () => {
    const held = { addOns: [archive(JANUARY)], prices: [price(JANUARY, MARCH)] };
    expect(setPrice(catalogue(held), MARCH).prices).toEqual([price(JANUARY)]);
  });
});

describe('a price that is still to come', () => {
  const held = { addOns: [archive(JANUARY)], prices: [price(MARCH)] };
  const remove = (snapshot: CatalogueSnapshot, at: number) =>
    planAddOnChange(snapshot, { tenant: 'acme', planKey: 'archive', at, action: 'remove' }, JANUARY);

  test('keeps its add-on from being removed before: it would be charged beside the plan, which nobody has ordered', () => {
    expect(() => remove(catalogue(held), FEBRUARY)).toThrow(
      'storage would be charged beside the plan from 2026-03-01T00:00:00Z on, by a price of the tenant’s own for an add-on that is not held then: end that price first',
    );
    expect(remove(catalogue(held), APRIL)).toMatchObject({ isUnchanged: false });
    expect(remove(catalogue({ ...held, prices: [] }), FEBRUARY)).toMatchObject({ isUnchanged: false });
  });

  test('keeps its add-on from being moved to a version without its charge', () => {
    const migration = { planKey: 'archive', toVersion: 2, at: FEBRUARY };
    const { steps } = planMigration(catalogue(held), migration, JANUARY, { after: null, limit: 10 });
    expect(steps).toMatchObject([{ refused: expect.stringContaining('would be charged beside the plan') }]);
  });
});
