import { expect, test } from 'vitest';

import type { TenantEntry } from '../../src/catalog/catalogue-snapshot.ts';
import { periodSpans } from '../../src/catalog/period-spans.ts';
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
