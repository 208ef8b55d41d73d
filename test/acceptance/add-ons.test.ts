import { afterAll, beforeAll, expect, test } from 'vitest';

import { applyCatalogue, callApi } from '../support/api-calls.ts';
import { type World, startWorld } from '../support/world.ts';
import { issuedLines } from './issued-lines.ts';

const [START, CHANGE, END] = ['2026-10-01T00:00:00Z', '2026-10-16T12:00:00Z', '2026-11-01T00:00:00Z'];

const CATALOGUE = `
issuer: { name: Tollkeeper Test Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
  - { key: storage, aggregation: sum, unit: GB }
plans:
  - key: small
    currency: USD
    baseFee: 20
    charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 1 } }]
  - key: archive
    addOn: true
    currency: USD
    baseFee: 31
    charges: [{ key: storage, meter: storage, price: { model: per_unit, unitPrice: 2 } }]
tenants:
  - { id: acme, currency: USD, billingStart: ${START}, endsAt: ${END}, plan: small, paused: true }
`;

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await applyCatalogue(world, CATALOGUE);
}, 180_000);

afterAll(async () => {
  await world.close();
});

async function send(type: string, occurredAt: string, quantity: number): Promise<void> {
  const body = { id: `${type}/${occurredAt}`, tenant: 'acme', type, occurredAt, quantity };
  const answer = await callApi<{ results: { outcome: string }[] }>(world, 'POST', '/v1/events', body);
  expect(answer.body.results.map(({ outcome }) => outcome)).toEqual(['accepted']);
}

test(
  'an add-on and a price of its own, given in mid-period, are on the bill to the second',
  { timeout: 180_000 },
  async () => {
    for (const type of ['calls', 'storage']) {
      await send(type, '2026-10-16T11:59:59.999999Z', 10);
      await send(type, CHANGE, 4);
    }
    const added = { addOn: 'archive', at: CHANGE };
    expect((await callApi(world, 'POST', '/v1/tenants/acme/add-ons', added)).body).toMatchObject({ unchanged: false });
    const charge = '{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.25 } }';
    const priced = await callApi(world, 'POST', '/v1/tenants/acme/prices', { charge, at: CHANGE });
    expect(priced.body).toMatchObject({ plan: 'small', unchanged: false });

    await callApi(world, 'POST', '/v1/tenants/acme/resume');
    const issued = await issuedLines(world, 'acme', START);
    const lines = issued.map(({ key, quantity, amountMinor, provenance }) => {
      const { planKey, privatePriceFrom = '-' } = provenance;
      return [key, quantity, amountMinor, planKey, privatePriceFrom].join(' ');
    });
    expect(lines).toEqual([
      'base 1 2000 small -',
      `charge:calls:${START} 10 1000 small -`,
      `charge:calls:${CHANGE} 4 100 small ${CHANGE}`,
      'addon:archive:base 1 1550 archive -',
      'addon:archive:charge:storage 4 800 archive -',
    ]);
    // What is billed stays as it was.
    const refused = await callApi(world, 'POST', '/v1/tenants/acme/add-ons/archive/end', { at: CHANGE });
    expect(refused.status).toBe(409);
  },
);
