import { afterAll, beforeAll, expect, test } from 'vitest';

import { openApiBench, type ApiBench } from './api-bench.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call, dimensions: [region] }
  - { key: seats, aggregation: max, unit: seat }
  - { key: storage, aggregation: time_weighted, unit: GB }
plans:
  - key: basic
    currency: USD
    baseFee: 20.00
    charges:
      - { key: calls, meter: calls, includedUnits: 10, price: { model: per_unit, unitPrice: 0.10 } }
      - { key: eu, meter: calls, filter: { region: [eu] }, price: { model: per_unit, unitPrice: 1 } }
      - { key: seats, meter: seats, price: { model: per_unit, unitPrice: 5 }, minimum: 12 }
  - key: keeping
    currency: USD
    charges:
      - { key: storage, meter: storage, conversion: { divide: 86400 }, price: { model: per_unit, unitPrice: 1 } }
tenants:
  - { id: disk, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: keeping }
  - { id: acme, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: basic, taxRates: [{ name: VAT, percent: 10 }] }
`;
/** A third of November. */
const NOW = '2026-11-11T00:00:00Z';

let bench: ApiBench;
beforeAll(async () => {
  bench = await openApiBench();
  bench.setClock(NOW);
  await bench.apply(YAML);
});
afterAll(() => bench.close());

async function send(events: readonly object[]): Promise<void> {
  const body = events.map((one) => ({ tenant: 'acme', occurredAt: '2026-11-10T12:00:00Z', ...one }));
  expect((await bench.call('POST', '/v1/events', { body })).status).toBe(200);
}

test('what was used, what of it is included, what is beyond, what it costs, and where that leads', async () => {
  await send([
    { id: '1', type: 'calls', quantity: 8, properties: { region: 'eu' } },
    { id: '2', type: 'calls', quantity: 22, properties: { region: 'us' } },
    { id: '3', type: 'seats', quantity: 2 },
  ]);
  await bench.drain();
  const { status, body } = await bench.call('GET', '/v1/tenants/acme/spend');
  expect(status).toBe(200);
  expect(
    body.charges.map((one: Record<string, unknown>) => [
      one['charge'],
      one['used'],
      one['included'],
      one['overage'],
      one['cost'],
    ]),
  ).toEqual([
    ['calls', '30', '10', '20', '2.00'],
    ['eu', '8', '0', '8', '8.00'],
    ['seats', '2', '0', '2', '12.00'],
  ]);
  expect(body.meters).toEqual([
    { meter: 'calls', unit: 'call', used: '30', included: null, overage: null, amountMinor: '1000', cost: '10.00' },
    { meter: 'seats', unit: 'seat', used: '2', included: '0', overage: '2', amountMinor: '1200', cost: '12.00' },
  ]);
  // 20 + 2 + 8 + 12 and 10 % tax.
  expect(body.total).toBe('46.20');
  // 90 calls of which 10 are included, 24 of them in eu, 2 seats raised to 12: 20 + 8 + 24 + 12, and 10 % tax.
  expect(body.projection).toMatchObject({ at: '2026-12-01T00:00:00Z', subtotalMinor: '6400', total: '70.40' });
});

test('usage that is not in the ledger yet is in the spend of charges that price the meter as a whole', async () => {
  await send([{ id: '4', type: 'calls', quantity: 10, properties: { region: 'eu' } }]);
  const { body } = await bench.call('GET', '/v1/tenants/acme/spend');
  expect(body.charges.map(({ used }: { used: string }) => used)).toEqual(['40', '8', '2']);
  await bench.drain();
  const after = await bench.call('GET', '/v1/tenants/acme/spend');
  expect(after.body.charges.map(({ used }: { used: string }) => used)).toEqual(['40', '18', '2']);
});

test('a gauge is costed as if it stayed as it is to the end, and the projection says the same', async () => {
  const event = { tenant: 'disk', type: 'storage', occurredAt: '2026-11-06T00:00:00Z', quantity: 2 };
  expect((await bench.call('POST', '/v1/events', { body: [event] })).status).toBe(200);
  await bench.drain();
  const { body } = await bench.call('GET', '/v1/tenants/disk/spend');
  // 2 GB for 25 days, of which 5 are over.
  expect(body).toMatchObject({ total: '50.00', projection: { total: '50.00' } });
});

test('at the first instant of a period there is no projection', async () => {
  bench.setClock('2026-12-01T00:00:00Z');
  const { status, body } = await bench.call('GET', '/v1/tenants/acme/spend');
  expect([status, body.projection, body.charges[0].used]).toEqual([200, null, '0']);
});
