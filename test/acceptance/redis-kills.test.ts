import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyCatalogue, callApi, eventually, issuedInvoices } from '../support/api-calls.ts';
import { countRowsOf } from '../support/count-rows.ts';
import { simpleCatalogue } from '../support/simple-catalogue.ts';
import { type World, startWorld } from '../support/world.ts';

const LOAD_MS = 20_000;
const KILLS = 3;
const SENDERS = 16;
const BATCH = 20;
const LIMIT = 1_000_000;

const CATALOGUE = simpleCatalogue({ baseFee: '0', unitPrice: '0.01', limit: LIMIT }, [
  { id: 'steady', billingStart: '2026-01-01T00:00:00Z', endsAt: '2026-02-01T00:00:00Z', periodLength: 'month' },
]);

interface EventsAnswer {
  readonly results?: readonly { readonly id: string; readonly outcome: string; readonly limits?: readonly unknown[] }[];
}

function batch(sender: number, round: number): { id: string }[] {
  return Array.from({ length: BATCH }, (_, number) => ({
    id: `${sender}-${round}-${number}`,
    tenant: 'steady',
    type: 'calls',
    occurredAt: new Date(Date.UTC(2026, 0, 1 + ((round + number) % 31), 6)).toISOString(),
  }));
}

/** Sends one batch until it has an answer for every event: an unknown outcome is sent again with the same ids. */
async function sendUntilAnswered(world: World, events: readonly { id: string }[], taken: Set<string>): Promise<void> {
  await eventually(
    async () => {
      const { status, body } = await callApi<EventsAnswer>(world, 'POST', '/v1/events', events);
      if (status !== 200) return undefined;
      for (const { id, outcome } of body.results ?? []) {
        if (outcome !== 'accepted' && outcome !== 'duplicate') throw new Error(`${id} was ${outcome}`);
        taken.add(id);
      }
      return true;
    },
    60_000,
    'an answer to the batch',
  );
}

describe('Redis killed three times under load', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    await applyCatalogue(world, CATALOGUE);
  }, 120_000);

  afterAll(async () => {
    await world.close();
  });

  test(
    'every event that was answered is on the invoice once, and counters come back',
    { timeout: 240_000 },
    async () => {
      const taken = new Set<string>();
      const endsAt = performance.now() + LOAD_MS;
      const send = async (sender: number): Promise<void> => {
        for (let round = 0; performance.now() < endsAt; round += 1) {
          await sendUntilAnswered(world, batch(sender, round), taken);
        }
      };
      const kill = async (): Promise<void> => {
        for (let round = 1; round <= KILLS; round += 1) {
          const before = taken.size;
          await eventually(async () => (taken.size > before + 500 ? true : undefined), 60_000, 'load between kills');
          await world.redis.kill();
          await world.redis.restart();
        }
      };
      await Promise.all([kill(), ...Array.from({ length: SENDERS }, (_, sender) => send(sender))]);

      // Emptied behind everybody's back, with nothing left that exists only there: the counter of the limit must be right again
      // before it is answered.
      await eventually(
        async () => ((await countRowsOf(world, 'usage_event')) === taken.size ? true : undefined),
        60_000,
        'the drain',
      );
      const redis = new Redis(world.redis.redisUrl);
      await redis.flushall();
      redis.disconnect();
      const [event] = batch(SENDERS, 0);
      const used = await eventually(
        async () => {
          const { status, body } = await callApi<EventsAnswer>(world, 'POST', '/v1/events', event);
          return status === 200 ? body.results?.[0] : undefined;
        },
        30_000,
        'an answer after the flush',
      );
      expect(used).toMatchObject({ outcome: 'accepted', limits: [{ meter: 'calls', used: String(taken.size + 1) }] });
      taken.add(used.id);

      await callApi(world, 'POST', '/v1/tenants/steady/resume');
      const invoice = await eventually(async () => (await issuedInvoices(world, 'steady'))[0], 60_000, 'the invoice');
      expect(invoice.content.lines.find(({ key }) => key === 'charge:calls')?.quantity).toBe(String(taken.size));
    },
  );
});
