import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyCatalogue, callApi, eventually } from '../support/api-calls.ts';
import { withConnection } from '../support/template-database.ts';
import { type World, startWorld } from '../support/world.ts';

const LIMIT = 500;
const SENDERS = 64;
const ASKED = 2_500;

const CLIENTS = 256;
const BATCHES_PER_CLIENT = 8;
/** Events of a batch, half of them of one unit, half weighted. */
const BATCH_EVENTS = 6;
const KILLS = 3;
const RETRY_TIMEOUT_MS = 240_000;
const UNIT_LIMIT = 2_700;
/** Every one of them binds: what is asked for is about twice as much of each. */
const WEIGHTED_LIMITS = { jobs: 3_270, tokens: 160_000, minutes: 16_700 } as const;

const CATALOGUE = `
issuer: { name: Tollkeeper Test Ltd, addressLines: [] }
meters:
  - { key: calls, aggregation: sum, value: quantity, unit: call }
  - { key: jobs, eventType: job, aggregation: count, unit: job }
  - { key: tokens, eventType: job, aggregation: sum, value: quantity, unit: token }
  - { key: minutes, eventType: job, aggregation: sum, value: { property: minutes }, scale: 2, unit: minute }
plans:
  - key: limited
    name: Limited
    currency: USD
    baseFee: 0
    charges: []
    limits: [{ meter: calls, mode: hard, window: period, limit: ${LIMIT} }]
  - key: units
    name: Units
    currency: USD
    baseFee: 0
    charges: []
    limits: [{ meter: calls, mode: hard, window: period, limit: ${UNIT_LIMIT} }]
  - key: weighted
    name: Weighted
    currency: USD
    baseFee: 0
    charges: []
    limits:
${Object.entries(WEIGHTED_LIMITS)
  .map(([meter, limit]) => `      - { meter: ${meter}, mode: hard, window: period, limit: ${limit} }`)
  .join('\n')}
tenants:
${['limited', 'units', 'weighted']
  .map(
    (id) => `
  - id: ${id}
    name: ${id}
    currency: USD
    timeZone: UTC
    billingStart: 2026-01-01T00:00:00Z
    periodLength: year
    lateWindow: 1h
    taxRates: []
    paymentTermsDays: 30
    plan: ${id}
    buyer: { name: ${id}, addressLines: [] }`,
  )
  .join('')}
`;

interface EventsAnswer {
  readonly results: readonly {
    readonly id: string;
    readonly outcome: string;
    readonly limits?: readonly { readonly used: string }[];
  }[];
}

interface SentEvent {
  readonly id: string;
  readonly tenant: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly quantity: number;
  readonly properties?: { readonly minutes: string };
}

/** What one client sends in one batch. Weights differ from event to event, so that small ones fit where large ones do not. */
function batchOf(client: number, batch: number): SentEvent[] {
  return Array.from({ length: BATCH_EVENTS }, (_, number) => {
    const id = `${client}-${batch}-${number}`;
    const occurredAt = new Date().toISOString();
    if (number % 2 === 0) return { id, tenant: 'units', type: 'calls', occurredAt, quantity: 1 };
    const weight = (client * 31 + batch * 17 + number * 7) % 101;
    const minutes = `${weight % 11}.${String(weight % 100).padStart(2, '0')}`;
    return { id, tenant: 'weighted', type: 'job', occurredAt, quantity: weight, properties: { minutes } };
  });
}

/** Of every meter that is limited, in hundredths. */
function usageOf({ quantity, properties }: SentEvent): Readonly<Record<keyof typeof WEIGHTED_LIMITS, number>> {
  const minutes = Number((properties?.minutes ?? '0.00').replace('.', ''));
  return { jobs: 100, tokens: quantity * 100, minutes };
}

describe('a hard limit', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    await applyCatalogue(world, CATALOGUE);
  }, 180_000);

  afterAll(async () => {
    await world.close();
  });

  test('lets exactly its number pass when 64 senders ask for five times as much', { timeout: 300_000 }, async () => {
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

  test(
    'holds for 256 clients, weighted events and several meters, while Redis is killed and batches are sent again',
    { timeout: 600_000 },
    async () => {
      const told = await sendWhileKilling(world);
      const { taken, refused } = told;
      await expectRows(world, taken);

      const units = taken.filter(({ tenant }) => tenant === 'units');
      expect(units).toHaveLength(UNIT_LIMIT);

      const used = { jobs: 0, tokens: 0, minutes: 0 };
      for (const event of taken.filter(({ tenant }) => tenant === 'weighted')) {
        const usage = usageOf(event);
        for (const meter of METERS) used[meter] += usage[meter];
      }
      for (const meter of METERS) expect(used[meter]).toBeLessThanOrEqual(WEIGHTED_LIMITS[meter] * 100);
      // Counters only rise, so what did not fit then does not fit now: nothing was refused for nothing.
      const fitting = refused.filter((event) => {
        if (event.tenant !== 'weighted') return false;
        const usage = usageOf(event);
        return METERS.every(
          (meter) => usage[meter] === 0 || used[meter] + usage[meter] <= WEIGHTED_LIMITS[meter] * 100,
        );
      });
      expect(fitting).toEqual([]);
    },
  );
});

const METERS = ['jobs', 'tokens', 'minutes'] as const;

interface Told {
  readonly taken: readonly SentEvent[];
  readonly refused: readonly SentEvent[];
}

/** Sends every client's batches, each until it is answered, and kills Redis a few times meanwhile. */
async function sendWhileKilling(world: World): Promise<Told> {
  const taken: SentEvent[] = [];
  const refused: SentEvent[] = [];
  let answered = 0;
  let unavailable = 0;
  const sendUntilAnswered = async (events: readonly SentEvent[]): Promise<void> => {
    const { results } = await eventually(
      async () => {
        const { status, body } = await callApi<EventsAnswer>(world, 'POST', '/v1/events', events);
        if (status === 200) return body;
        expect(status).toBe(503);
        unavailable += 1;
        return undefined;
      },
      RETRY_TIMEOUT_MS,
      'an answer to the batch',
    );
    answered += 1;
    for (const [place, event] of events.entries()) {
      const outcome = results[place]?.outcome;
      expect(['accepted', 'duplicate', 'limit_exceeded']).toContain(outcome);
      (outcome === 'limit_exceeded' ? refused : taken).push(event);
    }
  };
  const client = async (number: number): Promise<void> => {
    for (let batch = 0; batch < BATCHES_PER_CLIENT; batch += 1) await sendUntilAnswered(batchOf(number, batch));
  };
  const kill = async (): Promise<void> => {
    for (let round = 1; round <= KILLS; round += 1) {
      // Before and while the limits are reached.
      const enough = (CLIENTS * BATCHES_PER_CLIENT * round) / (KILLS + 3);
      await eventually(async () => (answered >= enough ? true : undefined), RETRY_TIMEOUT_MS, 'load between kills');
      await world.redis.kill();
      await world.redis.restart();
    }
  };
  await Promise.all([kill(), ...Array.from({ length: CLIENTS }, (_, number) => client(number))]);
  expect(unavailable).toBeGreaterThan(0);
  expect(taken.length + refused.length).toBe(CLIENTS * BATCHES_PER_CLIENT * BATCH_EVENTS);
  return { taken, refused };
}

/** The ledger holds exactly what was told to be taken: no refused event, and none twice. */
async function expectRows(world: World, taken: readonly SentEvent[]): Promise<void> {
  const expected = taken.map(({ tenant, id }) => `${tenant}/${id}`).toSorted();
  const rows = await eventually(
    () =>
      withConnection(world.databaseUrl, async (client) => {
        const { rows: found } = await client.query<{ name: string }>(
          "select tenant || '/' || event_id as name from usage_event where tenant in ('units', 'weighted')",
        );
        return found.length >= expected.length ? found : undefined;
      }),
    60_000,
    'the drain',
  );
  expect(rows.map(({ name }) => name).toSorted()).toEqual(expected);
}
