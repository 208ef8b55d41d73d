import { afterAll, beforeAll, expect, test } from 'vitest';

import { applyCatalogue, callApi } from '../support/api-calls.ts';
import { type World, startWorld } from '../support/world.ts';
import { issuedLines } from './issued-lines.ts';

/** Half of October, and inside an hour of Kathmandu, where it is 17:45. */
const CHANGE = '2026-10-16T12:00:00Z';

const CATALOGUE = `
issuer: { name: Tollkeeper Test Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - key: small
    currency: USD
    baseFee: 20
    charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 1 } }]
    limits: [{ meter: calls, mode: hard, limit: 10 }]
  - key: large
    currency: USD
    baseFee: 60
    charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.5 } }]
    limits: [{ meter: calls, mode: hard, limit: 15 }]
tenants:
  - { id: acme, currency: USD, timeZone: Asia/Kathmandu, billingStart: 2026-10-01T00:00:00Z, endsAt: 2026-11-01T00:00:00Z,
      plan: small, paused: true }
`;

interface Change {
  readonly unchanged: boolean;
  readonly from: { readonly key: string };
  readonly preview: unknown;
}

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await applyCatalogue(world, CATALOGUE);
}, 180_000);

afterAll(async () => {
  await world.close();
});

async function send(...events: readonly (readonly [occurredAt: string, quantity: number])[]): Promise<string[]> {
  const body = events.map(([occurredAt, quantity], place) => {
    return { id: `${occurredAt}/${quantity}/${place}`, tenant: 'acme', type: 'calls', occurredAt, quantity };
  });
  const answer = await callApi<{ results: { outcome: string }[] }>(world, 'POST', '/v1/events', body);
  return answer.body.results.map(({ outcome }) => outcome);
}

function changePlan(query = ''): Promise<{ status: number; body: Change }> {
  return callApi(world, 'POST', `/v1/tenants/acme/plan${query}`, { plan: 'large', at: CHANGE, reason: 'grew' });
}

test(
  'a plan that changes at an instant splits usage, fees and limits exactly there',
  { timeout: 180_000 },
  async () => {
    expect(await send(['2026-10-03T00:00:00Z', 2], ['2026-10-16T11:59:59.999999Z', 1])).toEqual([
      'accepted',
      'accepted',
    ]);

    const foreseen = await changePlan('?dryRun=true');
    expect(foreseen).toMatchObject({ status: 200, body: { dryRun: true, from: { key: 'small' }, unchanged: false } });
    expect((await changePlan()).body).toMatchObject({ unchanged: false, to: { key: 'large', version: 1 } });
    expect((await changePlan()).body).toMatchObject({ unchanged: true });

    // The limit of its own time meets an event, and it meets the whole period's usage.
    expect(await send([CHANGE, 4], ['2026-10-31T23:59:59Z', 8])).toEqual(['accepted', 'accepted']);
    expect(await send([CHANGE, 1], ['2026-10-16T11:59:59.999998Z', 1])).toEqual(['limit_exceeded', 'limit_exceeded']);

    await callApi(world, 'POST', '/v1/tenants/acme/resume');
    const issued = await issuedLines(world, 'acme', '2026-10-01T00:00:00Z');
    const lines = issued.map(({ key, quantity, amountMinor, provenance }) => {
      const { planKey, from, to, eventCount } = provenance;
      return [key, quantity, amountMinor, planKey, from, to, eventCount].join(' ');
    });
    const [start, end] = ['2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z'];
    expect(lines).toEqual([
      `base:${start} 1 1000 small ${start} ${CHANGE} 0`,
      `base:${CHANGE} 1 3000 large ${CHANGE} ${end} 0`,
      `charge:calls:${start} 3 300 small ${start} ${CHANGE} 2`,
      `charge:calls:${CHANGE} 12 600 large ${CHANGE} ${end} 2`,
    ]);

    const refused = await changePlan();
    expect(refused.status).toBe(409);
  },
);
