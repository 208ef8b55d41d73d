import { expect, test } from 'vitest';

import type { EventInput } from '../../src/client/index.ts';
import { DemoBook } from '../../src/cli/demo/demo-book.ts';
import type { DemoCharge, DemoMeter, DemoTenant } from '../../src/cli/demo/demo-catalogue.ts';
import { exact, expectedInvoice, priceMinor } from '../../src/cli/demo/demo-pricing.ts';

function charge(key: string, meter: string, price: DemoCharge['price'], includedUnits = '0'): DemoCharge {
  return { key, meter, price, includedUnits };
}

const GROWTH: DemoTenant = {
  id: 'acme',
  name: 'Acme',
  taxRates: [{ name: 'Sales tax', percent: '8.25' }],
  plan: {
    key: 'growth',
    currency: 'USD',
    baseFee: '20.00',
    charges: [
      charge('in', 'input_tokens', {
        model: 'graduated',
        bands: [{ upTo: '1000000', unitPrice: '0' }, { unitPrice: '0.000003' }],
      }),
      charge('out', 'output_tokens', { model: 'per_unit', unitPrice: '0.000015' }),
      charge('requests', 'requests', { model: 'package', size: '1000', packagePrice: '0.50' }),
    ],
  },
};

test('the invoice of the public trace comes out to the cent', () => {
  const usage = { requests: 8_819n, input_tokens: 18_059_974n, output_tokens: 245_896n };
  expect(expectedInvoice(GROWTH, usage, undefined)).toMatchObject({
    baseFeeMinor: 2_000n,
    usageMinor: { in: 5_118n, out: 369n, requests: 450n },
    subtotalMinor: 7_937n,
    taxMinor: 655n,
    totalMinor: 8_592n,
  });
});

test('late usage costs the difference that it makes', () => {
  const late = { before: { output_tokens: 100_000n }, after: { output_tokens: 200_400n } };
  const { lateMinor, subtotalMinor } = expectedInvoice(GROWTH, {}, late);
  expect(lateMinor).toEqual({ in: 0n, out: 151n, requests: 0n });
  expect(subtotalMinor).toBe(2_151n);
});

test('bands are inclusive at their top and charge their flat fee once entered', () => {
  const bands = [
    { upTo: '10', unitPrice: '1', flatFee: '5' },
    { upTo: null, unitPrice: '0.5', flatFee: '7' },
  ];
  const graduated = charge('g', 'm', { model: 'graduated', bands }, '2');
  expect([0n, 2n, 3n, 12n, 13n].map((units) => priceMinor(graduated, units))).toEqual([0n, 0n, 600n, 1_500n, 2_250n]);
});

test('half a cent rounds away from zero', () => {
  const halfCents = charge('p', 'm', { model: 'per_unit', unitPrice: '0.005' });
  expect([1n, 2n, 3n].map((units) => priceMinor(halfCents, units))).toEqual([1n, 1n, 2n]);
});

test('what is no plain decimal is refused', () => {
  expect(exact('-0.000003')).toBe(-3_000_000_000_000n);
  for (const text of ['3e-6', '', '.5', '1,000']) expect(() => exact(text)).toThrow(RangeError);
});

const METERS: DemoMeter[] = [
  { key: 'requests', eventType: 'llm.request', aggregation: 'count' },
  { key: 'input_tokens', eventType: 'llm.request', aggregation: 'sum', value: { property: 'inputTokens' } },
];

function event(id: string, inputTokens: number): EventInput {
  return { id, tenant: 'acme', type: 'llm.request', occurredAt: '2026-11-20T10:00:00Z', properties: { inputTokens } };
}

test('the list counts an id once, refuses what would pass a hard limit, and leaves the refused id free', () => {
  const plan = { ...GROWTH.plan, limits: [{ meter: 'requests', mode: 'hard', limit: '2' }] };
  const book = new DemoBook(METERS, [{ ...GROWTH, plan }]);
  const outcomes = [event('a', 5), event('a', 5), event('b', 7), event('c', 9), event('c', 9), event('b', 7)];
  expect(outcomes.map((one) => book.note(one, 1))).toEqual([
    'accepted',
    'duplicate',
    'accepted',
    'limit_exceeded',
    'limit_exceeded',
    'duplicate',
  ]);
  expect(book.usage('acme', 1)).toEqual({ requests: 2n, input_tokens: 12n });
  expect(book.outcomes('acme')).toEqual({ accepted: 2, duplicate: 2, limit_exceeded: 2 });
});

test('late usage is kept apart from the period that bills it, and limits do not see it', () => {
  const plan = { ...GROWTH.plan, limits: [{ meter: 'requests', mode: 'hard', limit: '1' }] };
  const book = new DemoBook(METERS, [{ ...GROWTH, plan }]);
  book.note(event('a', 5), 0);
  book.note(event('b', 7), 1);
  expect(book.noteLate(event('c', 100), 0, 1)).toBe('accepted');
  expect(book.noteLate(event('c', 100), 0, 1)).toBe('duplicate');
  expect(book.usage('acme', 1)).toEqual({ requests: 1n, input_tokens: 7n });
  expect(book.lateUsage('acme', 1)).toEqual({
    before: { requests: 1n, input_tokens: 5n },
    after: { requests: 2n, input_tokens: 105n },
  });
  expect(book.total('acme')).toEqual({ requests: 3n, input_tokens: 112n });
});
