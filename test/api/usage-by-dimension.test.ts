import { afterAll, beforeAll, expect, test } from 'vitest';

import { NOW, openApiBench, type ApiBench } from './api-bench.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: tokens, aggregation: sum, unit: token, dimensions: [model] }
  - { key: calls, aggregation: count, unit: call }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;

let bench: ApiBench;
beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(YAML);
  const events = [
    { id: '1', type: 'tokens', quantity: 3, properties: { model: 'small' } },
    { id: '2', type: 'tokens', quantity: 4, properties: { model: 'large' } },
    { id: '3', type: 'tokens', quantity: 5, properties: { model: 'small' } },
    { id: '4', type: 'tokens', quantity: 6 },
    { id: '5', type: 'calls' },
  ].map((one) => ({ ...one, tenant: 'acme', occurredAt: NOW }));
  expect((await bench.call('POST', '/v1/events', { body: events })).status).toBe(200);
  await bench.drain();
});
afterAll(() => bench.close());

function ask(query: string) {
  return bench.call('GET', `/v1/tenants/acme/usage?${query}`);
}

test('a meter is told by the values of its dimension', async () => {
  const { status, body } = await ask('meter=tokens&dimension=model&by=month');
  expect(status).toBe(200);
  const start = `${NOW.slice(0, 8)}01T00:00:00Z`;
  expect(body).toMatchObject({ dimension: 'model', live: { tokens: { quantity: '18' } } });
  expect(Object.keys(body.live)).toEqual(['tokens']);
  const figure = (value: string | null, quantity: string, eventCount: string) => {
    return { start, meter: 'tokens', value, unit: 'token', quantity, eventCount };
  };
  expect(body.data).toEqual([figure(null, '6', '1'), figure('large', '4', '1'), figure('small', '8', '2')]);
});

test('one meter can be asked for alone', async () => {
  const { body } = await ask('meter=calls');
  expect(body.data).toMatchObject([{ meter: 'calls', quantity: '1' }]);
  expect(body.data[0]).not.toHaveProperty('value');
  expect(body).not.toHaveProperty('dimension');
});

test.each([
  ['dimension=model', 'meter'],
  ['meter=nothing', 'meter'],
  ['meter=tokens&dimension=colour', 'dimension'],
  ['meter=calls&dimension=model', 'dimension'],
])('%s is refused, naming %s', async (query, path) => {
  const { status, body } = await ask(query);
  expect([status, body.error.code, body.error.path]).toEqual([400, 'invalid_query', path]);
});
