import { readFileSync } from 'node:fs';

import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';

import { type ApiBench, openApiBench } from './api-bench.ts';

const RUNS = 250;

const YAML = `
meters: [{ key: calls, aggregation: sum, unit: call }]
plans:
  - { key: small, currency: USD, charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 1 } }] }
  - { key: plus, addOn: true, currency: USD, fixedQuantities: [{ key: boxes, price: { model: per_unit, unitPrice: 2 } }] }
coupons: [{ key: half, discount: { percent: 50 } }]
tenants: [{ id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: small, addOns: [plus] }]
`;

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What somebody could send in place of anything. */
const STRANGE: readonly Json[] = [
  null,
  -1,
  9_007_199_254_740_992,
  1e21,
  true,
  '',
  ' ',
  '-0',
  '1e5',
  '9'.repeat(60),
  `0.${'0'.repeat(50)}1`,
  'x'.repeat(600),
  '__proto__',
  'constructor',
  'a\u0000b',
  '\ud800',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '2026-02-29T00:00:00Z',
  '1970-01-01T00:00:00Z',
  'minute',
  'calls',
  [],
  [null],
  ['a', 'a'],
  {},
  { a: null },
];

const PRICE: Json = { key: 'calls', meter: 'calls', price: { model: 'per_unit', unitPrice: '1' }, includedUnits: '3' };
const UNTIL = '2027-01-01T00:00:00Z';

/** Requests as they should be. */
const REQUESTS: readonly (readonly [path: string, body: Json])[] = [
  ['/v1/tenants/acme/plan', { plan: 'small', version: 1, at: 'now', reason: 'asked' }],
  ['/v1/tenants/acme/add-ons', { addOn: 'plus', version: 1, at: 'now', until: UNTIL }],
  ['/v1/tenants/acme/add-ons/plus/end', { at: 'period_end', reason: 'asked' }],
  ['/v1/tenants/acme/prices', { charge: PRICE, at: 'now', until: UNTIL }],
  ['/v1/tenants/acme/quantities/boxes', { quantity: '5', at: 'now' }],
  ['/v1/tenants/acme/billing-anchor', { anchor: UNTIL, periodLength: 'month', from: '2026-12-01T00:00:00Z' }],
  ['/v1/plans/small/migrate', { version: 1, at: 'period_end', limit: 5, cursor: 'a' }],
  ['/v1/tenants/acme/credits', { amount: '5', priority: 1, expiresAt: UNTIL, reason: 'sorry' }],
  ['/v1/tenants/acme/one-offs', { key: 'setup', description: 'Setup', amount: '5', at: '2026-11-01T00:00:00Z' }],
  ['/v1/tenants/acme/coupons', { coupon: 'half', from: '2026-11-01T00:00:00Z' }],
  ['/v1/keys', { name: 'shop', scopes: ['read'], tenant: 'acme', expiresAt: UNTIL }],
  ['/v1/pricing/simulate', { plan: 'small', tenant: 'acme', usage: [{ charge: 'calls', quantity: '5' }] }],
  ['/v1/pricing/compare', { plan: 'small', period: 'last', limit: 3 }],
  ['/v1/check', { tenant: 'acme', meter: 'calls', quantity: '5', properties: { region: 'eu' } }],
  ['/v1/meters/calls/count-back', { to: '2026-11-01T00:00:00Z', tenant: 'acme' }],
];

/** Where something stands, the whole left out. */
function placesOf(value: Json, place: readonly string[] = []): readonly (readonly string[])[] {
  const within = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [
    ...(place.length === 0 ? [] : [place]),
    ...within.flatMap(([name, part]) => placesOf(part, [...place, name])),
  ];
}

/** The same with something else at one place. */
function replaced(value: Json, [name, ...below]: readonly string[], other: Json): Json {
  if (name === undefined) return other;
  if (Array.isArray(value)) return value.map((part, at) => (String(at) === name ? replaced(part, below, other) : part));
  if (typeof value !== 'object' || value === null) return value;
  return { ...value, [name]: replaced(value[name] ?? null, below, other) };
}

/** A body with something strange at any of its places. */
function strange(body: Json): fc.Arbitrary<Json> {
  return fc
    .tuple(fc.constantFrom(...placesOf(body)), fc.constantFrom(...STRANGE))
    .map(([place, other]) => replaced(body, place, other));
}

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(YAML);
});

afterAll(() => bench.close());

test('no body makes the service fail: it is taken, or refused for what it is', { timeout: 120_000 }, async () => {
  const requests = fc.constantFrom(...REQUESTS).chain(([path, body]) => fc.tuple(fc.constant(path), strange(body)));
  const property = fc.asyncProperty(requests, async ([path, body]) => {
    expect((await bench.call('POST', path, { body: JSON.stringify(body) })).status).toBeLessThan(500);
  });
  await fc.assert(property, { numRuns: RUNS });
  expect((await bench.call('GET', '/v1/tenants/acme/spend')).status).toBeLessThan(500);
});

test('nor does a catalogue file', { timeout: 120_000 }, async () => {
  const file = parse(readFileSync('examples/every-price.yaml', 'utf8')) as Json;
  const headers = { 'content-type': 'application/yaml' };
  const property = fc.asyncProperty(strange(file), async (body) => {
    const answer = await bench.call('POST', '/v1/catalogue', { body: JSON.stringify(body), headers });
    expect(answer.status).toBeLessThan(500);
  });
  await fc.assert(property, { numRuns: RUNS });
});
