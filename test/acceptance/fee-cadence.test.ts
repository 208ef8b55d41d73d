import { afterAll, beforeAll, expect, test } from 'vitest';

import { applyCatalogue, callApi, eventually } from '../support/api-calls.ts';
import { type World, startWorld } from '../support/world.ts';

const START = '2026-10-01T00:00:00Z';
/** In the second minute, and where the third one begins. */
const MORE_SEATS = '2026-10-01T00:01:30Z';
const CHANGE = '2026-10-01T00:02:00Z';
const LAST_MINUTE = '2026-10-01T00:03:00Z';
const END = '2026-10-01T00:04:00Z';

const CATALOGUE = `
issuer: { name: Tollkeeper Test Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - key: team
    currency: USD
    baseFee: 60
    baseFeeEvery: hour
    baseFeeDue: advance
    fixedQuantities: [{ key: seats, unit: seat, every: hour, price: { model: per_unit, unitPrice: 6 } }]
    charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 1 } }]
  - key: large
    currency: USD
    baseFee: 120
    baseFeeEvery: hour
    baseFeeDue: advance
    charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 1 } }]
tenants:
  - { id: acme, currency: USD, billingStart: ${START}, endsAt: ${END}, periodLength: minute, lateWindow: 0s,
      plan: team, quantities: { seats: 2 }, paused: true }
`;

interface Listed {
  readonly id: string;
  readonly status: string;
}

interface Shown {
  readonly content: {
    readonly supplyStart: string;
    readonly lines: readonly { readonly key: string; readonly amountMinor: string; readonly quantity: string }[];
  };
}

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await applyCatalogue(world, CATALOGUE);
}, 180_000);

afterAll(async () => {
  await world.close();
});

/** The lines of all bills that are made, in order of time, once there are so many. */
async function billedLines(count: number): Promise<readonly string[]> {
  const made = await eventually(
    async () => {
      const list = await callApi<{ data: Listed[] }>(world, 'GET', '/v1/invoices?tenant=acme');
      const billed = list.body.data.filter(({ status }) => status === 'issued' || status === 'paid');
      return billed.length < count ? undefined : billed;
    },
    120_000,
    `${count} invoices`,
  );
  const shown: Shown[] = [];
  for (const { id } of made) shown.push((await callApi<Shown>(world, 'GET', `/v1/invoices/${id}`)).body);
  return shown
    .toSorted((one, other) => (one.content.supplyStart < other.content.supplyStart ? -1 : 1))
    .flatMap(({ content }) =>
      content.lines.map(({ key, quantity, amountMinor }) => `${key} ${quantity} ${amountMinor}`),
    );
}

test(
  'fees by the hour beside bills by the minute are charged where their hour begins, and given back where it ends early',
  { timeout: 240_000 },
  async () => {
    const event = { id: 'a', tenant: 'acme', type: 'calls', occurredAt: LAST_MINUTE, quantity: 200 };
    expect((await callApi(world, 'POST', '/v1/events', [event])).status).toBe(200);
    const more = { quantity: '3', at: MORE_SEATS, reason: 'grew' };
    expect((await callApi(world, 'POST', '/v1/tenants/acme/quantities/seats', more)).status).toBe(200);
    const change = { plan: 'large', at: CHANGE, reason: 'grew' };
    expect((await callApi(world, 'POST', '/v1/tenants/acme/plan', change)).status).toBe(200);

    await callApi(world, 'POST', '/v1/tenants/acme/resume');
    expect(await billedLines(4)).toEqual([
      `base:hour:${START} 1 6000`,
      `quantity:seats:hour:${START} 2 1200`,
      'charge:calls 0 0',
      // 3,510 of 3,600 seconds are left.
      `quantity:seats:hour:${START}:change:${MORE_SEATS} 1 585`,
      'charge:calls 0 0',
      `base:hour:${CHANGE} 1 12000`,
      'charge:calls 0 0',
      `base:hour:${START}:rest 1 -5800`,
      `quantity:seats:hour:${START}:rest -3 -1740`,
      `base:hour:${CHANGE}:rest 1 -11600`,
      'charge:calls 200 20000',
    ]);

    const simulation = { plan: 'team', tenant: 'acme', period: START, usage: [{ charge: 'calls', quantity: '5' }] };
    const simulated = await callApi<{ total: string }>(world, 'POST', '/v1/pricing/simulate', simulation);
    expect(simulated.body.total).toBe('65.00');
  },
);
