import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyCatalogue, callApi } from '../support/api-calls.ts';
import { type World, startWorld } from '../support/world.ts';

const LIMIT = 1_000;
const SENDERS = 64;
const ASKED = 5_000;

const CATALOGUE = `
issuer: { name: Tollkeeper Test Ltd, addressLines: [] }
meters:
  - { key: calls, aggregation: sum, value: quantity, unit: call }
plans:
  - key: limited
    name: Limited
    currency: USD
    baseFee: 0
    charges: []
    limits: [{ meter: calls, mode: hard, window: period, limit: ${LIMIT} }]
tenants:
  - id: limited
    name: Limited
    currency: USD
    timeZone: UTC
    billingStart: 2026-01-01T00:00:00Z
    periodLength: year
    lateWindow: 1h
    taxRates: []
    paymentTermsDays: 30
    plan: limited
    buyer: { name: Limited, addressLines: [] }
`;

interface EventsAnswer {
  readonly results: readonly { readonly outcome: string; readonly limits?: readonly { readonly used: string }[] }[];
}

describe('a hard limit', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    await applyCatalogue(world, CATALOGUE);
  });

  afterAll(async () => {
    await world.close();
  });

  test('lets exactly its number pass when 64 senders ask for five times as much', { timeout: 120_000 }, async () => {
    const outcomes = new Map<string, number>();
    let next = 0;
    const send = async (): Promise<void> => {
      for (let number = next++; number < ASKED; number = next++) {
        const event = { id: `event-${number}`, tenant: 'limited', type: 'calls', occurredAt: new Date().toISOString() };
        const { status, body } = await callApi<EventsAnswer>(world, 'POST', '/v1/events', event);
        expect(status).toBe(200);
        const outcome = body.results[0]?.outcome ?? 'none';
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, send));
    expect(Object.fromEntries(outcomes)).toEqual({ accepted: LIMIT, limit_exceeded: ASKED - LIMIT });
    const usage = await callApi<{ live: Record<string, { quantity: string }> }>(
      world,
      'GET',
      '/v1/tenants/limited/usage?by=month',
    );
    expect(JSON.stringify(usage.body)).toContain(`"${LIMIT}"`);
  });
});
