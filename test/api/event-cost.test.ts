import { afterAll, beforeAll, expect, test } from 'vitest';

import { exact, ZERO } from '../../src/rating/exact.ts';
import { openApiBench, type ApiBench } from './api-bench.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call, dimensions: [region] }
  - { key: requests, eventType: calls, aggregation: count, unit: request }
  - { key: peak, aggregation: max, unit: seat }
  - { key: users, aggregation: unique, value: { property: user }, unit: user }
plans:
  - key: basic
    currency: USD
    baseFee: 20.00
    charges:
      - key: calls
        meter: calls
        price:
          model: graduated
          bands: [{ upTo: 100, unitPrice: 0 }, { upTo: 1000, unitPrice: 0.005 }, { unitPrice: 0.01 }]
        maximum: 6
      - { key: requests, meter: requests, includedUnits: 2, price: { model: per_unit, unitPrice: 0.25 } }
      - { key: eu, meter: calls, filter: { region: [eu] }, price: { model: per_unit, unitPrice: 0.0001 } }
      - { key: peak, meter: peak, price: { model: per_unit, unitPrice: 3 } }
      - { key: users, meter: users, price: { model: per_unit, unitPrice: 1 } }
  - key: parts
    currency: USD
    charges:
      - key: calls
        meter: calls
        filter: { region: [eu] }
        price: { model: package, size: 10, packagePrice: 1 }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
  - { id: globex, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: parts }
  - { id: initech, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
  - { id: umbrella, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
  - { id: trial, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: basic, trialDays: 30 }
`;

let bench: ApiBench;
beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(YAML);
});
afterAll(() => bench.close());

interface Result {
  readonly outcome: string;
  readonly cost?: { readonly amount: string; readonly currency: string } | null;
  readonly costReason?: string;
}

function event(id: string, quantity: number, more: object = {}): object {
  return { id, tenant: 'acme', type: 'calls', quantity, occurredAt: '2026-11-20T10:00:00Z', ...more };
}

async function send(events: readonly object[], query = '?cost=true') {
  const { status, body } = await bench.call('POST', `/v1/events${query}`, { body: events });
  expect(status).toBe(200);
  return body.results as Result[];
}

function check(body: object) {
  return bench.call('POST', '/v1/check?cost=true', { body: { tenant: 'acme', ...body } });
}

test('each event is told what it costs on top of those before it', async () => {
  const results = await send([event('1', 100), event('2', 1), event('3', 900, { properties: { region: 'eu' } })]);
  expect(results.map(({ cost }) => cost)).toEqual([
    { amount: '0', currency: 'USD' },
    { amount: '0.005', currency: 'USD' },
    // 899 × 0.005 and one at 0.01; the third request at 0.25; 900 × 0.0001 in eu.
    { amount: '4.845', currency: 'USD' },
  ]);
});

/** What the spend has for usage, as the lines say it before rounding. */
async function linesOf(tenant: string) {
  const { body } = await bench.call('GET', `/v1/tenants/${tenant}/spend`);
  const lines = body.lines as { kind: string; exactAmount: string; provenance: { meter: string } }[];
  return lines
    .filter(({ kind, provenance }) => kind !== 'base_fee' && provenance.meter !== 'peak')
    .reduce((sum, line) => sum.plus(exact(line.exactAmount)), ZERO).text;
}

function sumOf(results: readonly Result[]): string {
  return results.reduce((sum, { cost }) => sum.plus(exact(cost?.amount ?? '-1000000')), ZERO).text;
}

function batch(name: string): object[] {
  return Array.from({ length: 25 }, (_, index) => {
    const properties = { region: index % 3 === 0 ? 'eu' : 'us' };
    return event(`${name}${index}`, index * 3, { tenant: 'initech', properties });
  });
}

test('all of them add up to the lines of the invoice, in whatever calls they went', async () => {
  const batches = await Promise.all(['a', 'b', 'c'].map((name) => send(batch(name))));
  const singles = await Promise.all(batch('d').map((one) => send([one])));
  await bench.drain();
  // 100 requests, and so many calls that the maximum of 6 is passed.
  expect(sumOf([...batches, ...singles].flat())).toBe(await linesOf('initech'));
});

test('usage that others send meanwhile without asking is in what was used before', async () => {
  const asked = Array.from({ length: 20 }, (_, index) => send([event(`m${index}`, 10, { tenant: 'umbrella' })]));
  const others = Array.from({ length: 20 }, (_, index) => send([event(`o${index}`, 10, { tenant: 'umbrella' })], ''));
  const [mine, theirs] = [(await Promise.all(asked)).flat(), (await Promise.all(others)).flat()];
  expect(theirs.every((result) => !('cost' in result))).toBe(true);
  await bench.drain();
  // 400 calls cost 1.5, and 40 requests of which two are included 9.5.
  expect(await linesOf('umbrella')).toBe('11');
  const [last] = await send([event('last', 1, { tenant: 'umbrella' })]);
  expect(last?.cost).toEqual({ amount: '0.255', currency: 'USD' });
  expect(mine.map(({ cost }) => typeof cost?.amount)).toEqual(Array.from({ length: 20 }, () => 'string'));
  expect(exact(sumOf(mine)).isAbove(exact('11'))).toBe(false);
});

test('a part of a meter that is priced as a whole has no cost; other usage of the meter costs nothing there', async () => {
  const properties = { region: 'eu' };
  const [inside, outside] = await send([
    event('in', 5, { tenant: 'globex', properties }),
    event('out', 5, { tenant: 'globex' }),
  ]);
  expect(inside).toMatchObject({ cost: null, costReason: expect.stringContaining('a part of calls') as string });
  expect(outside?.cost).toEqual({ amount: '0', currency: 'USD' });
});

test('a duplicate is not told a cost again, and what is refused has none', async () => {
  const [known, refused] = await send([event('1', 100), event('x', 1, { tenant: 'nobody' })]);
  expect([known, refused].map((result) => [result?.outcome, result?.cost])).toEqual([
    ['duplicate', undefined],
    ['unknown_tenant', undefined],
  ]);
});

test.each([
  ['a maximum, of which the answer does not say what it was before', { type: 'peak', quantity: 3 }, 'peak'],
  ['distinct values', { type: 'users', properties: { user: 'ann' } }, 'users'],
])('%s: no cost, and why', async (name, more, word) => {
  const [result] = await send([{ ...event(name, 1), ...more }]);
  expect(result).toMatchObject({ outcome: 'accepted', cost: null });
  expect(result?.costReason).toContain(word);
});

test('in a trial usage costs nothing', async () => {
  const [result] = await send([event('t', 5_000, { tenant: 'trial' })]);
  expect(result?.cost).toEqual({ amount: '0', currency: 'USD' });
});

test('check says what usage would cost, without counting it, and beside a maximum too', async () => {
  const one = await check({ meters: ['requests', 'peak'], quantity: '4' });
  expect(one.status).toBe(200);
  // Four requests at 0.25, and a peak of 4 instead of 3.
  expect(one.body).toMatchObject({ allowed: true, cost: { amount: '4', currency: 'USD' } });
  expect((await check({ meters: ['requests', 'peak'], quantity: '4' })).body).toEqual(one.body);
  const plain = await bench.call('POST', '/v1/check', { body: { tenant: 'acme', meter: 'requests' } });
  expect(plain.body).toEqual({ allowed: true, limits: [] });
});

test('a flag that is no flag is refused', async () => {
  const { status, body } = await bench.call('POST', '/v1/events?cost=yes', { body: [] });
  expect([status, body.error.path]).toEqual([400, 'cost']);
});
