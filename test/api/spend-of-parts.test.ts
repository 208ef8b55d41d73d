import { afterAll, beforeAll, expect, test } from 'vitest';

import { NOW, openApiBench, type ApiBench } from './api-bench.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: tokens, aggregation: sum, unit: token, dimensions: [model] }
plans:
  - key: basic
    currency: USD
    charges:
      - { key: all, meter: tokens, price: { model: per_unit, unitPrice: 1 } }
      - { key: small, meter: tokens, filter: { model: small }, price: { model: per_unit, unitPrice: 10 } }
      - { key: each, meter: tokens, price: { model: percentage, percent: 100, fixedFee: 0.50 } }
      - key: by_model
        meter: tokens
        price: { model: matrix, dimensions: [model], otherwise: { model: flat, amount: 3 }, cells: [
          { values: [small], price: { model: per_unit, unitPrice: 2 } }] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: basic }
`;

let bench: ApiBench;
beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(YAML);
});
afterAll(() => bench.close());

async function send(quantity: number, model: string): Promise<void> {
  const event = { tenant: 'acme', type: 'tokens', occurredAt: NOW, quantity, properties: { model } };
  expect((await bench.call('POST', '/v1/events', { body: [event] })).status).toBe(200);
}

async function spend(): Promise<Record<string, string>> {
  const { status, body } = await bench.call('GET', '/v1/tenants/acme/spend');
  expect(status).toBe(200);
  const lines = body.lines as { key: string; amountMinor: string }[];
  return Object.fromEntries(lines.map(({ key, amountMinor }) => [key.replace('charge:', ''), amountMinor]));
}

test('a charge on the meter alone costs what was accepted, one that looks into the usage what is in the ledger', async () => {
  await send(4, 'small');
  await bench.drain();
  expect(await spend()).toEqual({ all: '400', small: '4000', each: '450', by_model: '800' });
  await send(5, 'large');
  await send(1, 'small');
  expect(await spend()).toEqual({ all: '1000', small: '4000', each: '450', by_model: '800' });
  await bench.drain();
  expect(await spend()).toEqual({ all: '1000', small: '5000', each: '1150', by_model: '1300' });
});
