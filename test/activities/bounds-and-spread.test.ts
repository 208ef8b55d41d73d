import { expect, test } from 'vitest';

import { unusualReasons } from '../../activities/safety-bounds.ts';
import { checkpointIntervalMs, spreadMs } from '../../activities/spread.ts';
import type { InvoiceContent } from '../../src/domain/invoice.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function content(totalMinor: string, supplyEnd = '2026-02-01T00:00:00Z'): InvoiceContent {
  const amounts = { totalMinor, subtotalMinor: totalMinor, lines: [] };
  return { ...amounts, supplyStart: '2026-01-01T00:00:00Z', supplyEnd } as unknown as InvoiceContent;
}

/** A bill of a month with a fee of 1,200.00 for as long as is said, 8.00 of usage, and 20 % of tax. */
function withFeeUntil(to: string): InvoiceContent {
  const line = { kind: 'base_fee', amountMinor: '120000', provenance: { from: '2026-01-10T00:00:00Z', to } };
  return { ...content('144960'), subtotalMinor: '120800', lines: [line] } as unknown as InvoiceContent;
}

test('a negative total is always looked at', () => {
  expect(unusualReasons(content('-1'), [])).toEqual(['the total is negative: -1 minor units']);
});

test('ten times the usual total passes, more is looked at', () => {
  const earlier = ['90', '100', '5000'];
  expect(unusualReasons(content('1000'), earlier)).toEqual([]);
  expect(unusualReasons(content('1001'), earlier)).toHaveLength(1);
});

test('a fee by the year, with its tax, is not what makes a bill of a month unusual', () => {
  const earlier = ['90', '100', '5000'];
  expect(unusualReasons(withFeeUntil('2027-01-10T00:00:00Z'), earlier)).toEqual([]);
  expect(unusualReasons(withFeeUntil('2027-01-10T00:00:00Z'), ['90', '95', '5000'])).toEqual([
    'the total of 144960 minor units, without 144000 of fees for longer than its period, is more than 10 times the usual 95',
  ]);
  expect(unusualReasons(withFeeUntil('2026-02-01T00:00:00Z'), earlier)).toHaveLength(1);
});

test('a sudden zero is looked at, a zero like all before is not', () => {
  expect(unusualReasons(content('0'), ['100', '100', '100'])).toHaveLength(1);
  expect(unusualReasons(content('0'), ['0', '0', '0'])).toEqual([]);
});

test('without enough earlier bills, or for periods of trials, nothing is unusual', () => {
  expect(unusualReasons(content('99999'), ['1', '1'])).toEqual([]);
  expect(unusualReasons(content('0', '2026-01-01T00:01:00Z'), ['100', '100', '100'])).toEqual([]);
});

test('a tenant always has the same share of the spread, bounded by period and by ten minutes', () => {
  const tenants = Array.from({ length: 200 }, (_, number) => `tenant-${number}`);
  const shares = tenants.map((tenant) => spreadMs(tenant, 30 * DAY_MS));
  expect(shares).toEqual(tenants.map((tenant) => spreadMs(tenant, 30 * DAY_MS)));
  expect(Math.max(...shares)).toBeLessThan(10 * MINUTE_MS);
  expect(new Set(shares).size).toBeGreaterThan(150);
  expect(Math.max(...tenants.map((tenant) => spreadMs(tenant, DAY_MS)))).toBeLessThan(DAY_MS / 200);
});

test('minute periods are not spread at all', () => {
  expect(spreadMs('acme', MINUTE_MS)).toBe(0);
});

test('checkpoints come daily in a month and never more often than every fifteen seconds', () => {
  expect(checkpointIntervalMs(30 * DAY_MS)).toBe(DAY_MS);
  expect(checkpointIntervalMs(366 * DAY_MS)).toBe(DAY_MS);
  expect(checkpointIntervalMs(DAY_MS)).toBe(48 * MINUTE_MS);
  expect(checkpointIntervalMs(MINUTE_MS)).toBe(15_000);
});
